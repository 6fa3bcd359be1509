import type { Command } from 'commander';
import type { Dataset } from '../core/dataset.ts';
import { UsageError } from '../core/errors.ts';
import { type AuditReport, audit } from '../inspection/audit.ts';
import { type ProcessResult, processLog } from '../processing/process.ts';
import { auditContext, auditText, UNBALANCED } from './audit.ts';
import { STOPPED, stopOnSignals } from './command.ts';
import { commandOverDatasets, eachDataset } from './each-dataset.ts';
import {
  type IngestOptions,
  type IngestReport,
  ingestFiles,
  ingestSummary,
  withIngestOptions,
} from './ingest.ts';
import { openMonitor } from './monitoring.ts';
import { processContext } from './process-context.ts';
import { Progress } from './progress.ts';
import { type MaxRejectedOptions, maxRejectedOption, Rejections } from './rejections.ts';
import { noteStores, type Session } from './session.ts';
import { type SkipOptions, Skips, skipOption } from './skip.ts';
import { observerOf, processSummary, StageNotes } from './stage-reports.ts';
import { writeModeOption } from './warehouse.ts';

/** What `run` did, stage by stage. */
export interface RunResult {
  readonly ingest: IngestReport;
  readonly process: ProcessResult;
  /** Null when it was stopped before the end. */
  readonly audit: AuditReport | null;
}

type RunOptions = IngestOptions & SkipOptions & MaxRejectedOptions;

/** `run`: the whole job. */
export function runCommand(): Command {
  return withIngestOptions(commandOverDatasets('run', 'the whole job: ingest, process and audit'))
    .addOption(writeModeOption())
    .addOption(skipOption())
    .addOption(maxRejectedOption())
    .action(async (names: string[], options: RunOptions) => {
      const stop = stopOnSignals();
      const { signal } = stop;
      if (options.file && names.length > 1) {
        throw new UsageError('settings:one_dataset', '--file is for one dataset', {
          hint: 'Without it, each dataset is read from the file that its dataset.yml names.',
        });
      }
      await eachDataset(names, options, { access: 'ingest', signal }, async (session) => {
        noteStores(session);
        const result = await runWholeJob(session, options, stop);
        if (!result.audit) process.exitCode = 1;
        else if (!result.audit.balanced) process.exitCode = UNBALANCED;
        return { result, text: runText(result, session.dataset) };
      });
    });
}

/**
 * Ingest, process and audit, until `stop`, which is aborted when processing fails. The archive reads what
 * ingest has committed while ingest still runs.
 */
export async function runWholeJob(
  session: Session,
  options: RunOptions,
  stop: AbortController,
): Promise<RunResult> {
  const { signal } = stop;
  const monitor = await openMonitor(session);
  const progress = new Progress(session);
  const skips = new Skips(options);
  const rejections = new Rejections(session.dataset.name, options);
  const notes = new StageNotes(session.dataset, { commits: false, renewals: false });
  const context = await processContext(session, {
    observe: observerOf([monitor, progress, notes, skips, rejections]),
    skip: skips.names,
    checkArchived: (archived) => rejections.judge(archived),
  });
  const ingesting = ingestFiles(session, options, signal, { monitor, progress });
  const ends = ingesting.then(() => session.log.ranges());
  const processing = processLog(context, { ends, stop });
  try {
    const [ingested, processed] = await Promise.all([ingesting, processing]);
    skips.end();
    if (!signal.aborted) progress.show('audit', { done: 0, unit: '', share: null });
    const audited = signal.aborted ? null : await audit(auditContext(session));
    progress.finish('audit');
    return { ingest: ingested, process: processed, audit: audited };
  } catch (error) {
    stop.abort();
    await Promise.allSettled([ingesting, processing]);
    throw error;
  } finally {
    progress.end();
  }
}

/** The whole job's result for people. */
export function runText({ ingest, process, audit: report }: RunResult, dataset: Dataset): string {
  const end = report ? auditText(report, dataset) : STOPPED;
  return [`ingest:  ${ingestSummary(ingest)}`, processSummary(process), '', end].join('\n');
}
