import { type Command, Option } from 'commander';
import { UsageError } from '../core/errors.ts';
import { type ProcessResult, processLog } from '../processing/process.ts';
import type { ProcessContext } from '../processing/process-context.ts';
import { STOPPED, stopOnSignals } from './command.ts';
import { commandOverDatasets, eachDataset } from './each-dataset.ts';
import { openMonitor } from './monitoring.ts';
import { note, record } from './output.ts';
import { processContext } from './process-context.ts';
import { Progress } from './progress.ts';
import { type MaxRejectedOptions, maxRejectedOption, Rejections } from './rejections.ts';
import { type CommonOptions, noteStores, type Session } from './session.ts';
import { type SkipOptions, Skips, skipOption } from './skip.ts';
import { engineOption } from './spark.ts';
import { observerOf, processSummary, StageNotes } from './stage-reports.ts';
import { writeModeOption } from './warehouse.ts';

interface ProcessOptions extends CommonOptions, SkipOptions, MaxRejectedOptions {
  readonly follow?: boolean;
  readonly republish?: boolean;
}

/** `process`: log → lake → models → what they are published to. */
export function processCommand(): Command {
  return commandOverDatasets(
    'process',
    'bring what is in the log into the lake, compute the models, and publish their tables',
  )
    .option('--follow', 'keep going until SIGINT or SIGTERM')
    .addOption(
      new Option('--republish', 'empty the index, and send every document again').conflicts('follow'),
    )
    .addOption(engineOption())
    .addOption(writeModeOption())
    .addOption(skipOption())
    .addOption(maxRejectedOption().conflicts('follow'))
    .action(async (names: string[], options: ProcessOptions) => {
      const stop = stopOnSignals();
      if (options.follow && names.length > 1) {
        throw new UsageError('settings:one_dataset', '--follow is for one dataset', {
          hint: 'Start a process for each: eventlake process <dataset> --follow',
        });
      }
      const { signal } = stop;
      await eachDataset(names, options, { access: 'write', signal }, async (session) => {
        noteStores(session);
        const isEndless = options.follow ?? false;
        const progress = new Progress(session);
        const skips = new Skips(options);
        const rejections = new Rejections(session.dataset.name, options);
        const notes = new StageNotes(session.dataset, { commits: true, renewals: isEndless });
        const context = await processContext(session, {
          observe: observerOf([await openMonitor(session), progress, notes, skips, rejections]),
          skip: skips.names,
          republish: options.republish ?? false,
          checkArchived: (archived) => rejections.judge(archived),
        });
        noteUnpublished(session);
        if (isEndless)
          note(`following ${session.log.description}; stop with Ctrl-C`, 'info', { event: 'follow_started' });
        const result = await (isEndless
          ? follow(session, context, stop)
          : processLog(context, { ends: session.log.ranges(), stop })
        ).finally(() => progress.end());
        skips.end();
        if (isEndless) record('stopped', { event: 'stopped', ...result.archive });
        else if (result.archive.stopped) {
          note(STOPPED, 'info', { event: 'stopped' });
          process.exitCode = 1;
        }
        return { result, text: processSummary(result) };
      });
    });
}

/** Processes what comes, until it is stopped. Statements of the models do not wait for the archive's. */
export async function follow(
  session: Session,
  context: ProcessContext,
  stop: AbortController,
): Promise<ProcessResult> {
  const engine = await session.engine.beside();
  return processLog({ ...context, engine }, { stop }).finally(() => engine.close());
}

/** Says of the systems that the dataset is published to which have no address. */
function noteUnpublished({ dataset, publications }: Session): void {
  const given = new Set<string>(publications.map(({ to }) => to));
  const wanted = new Set<string>(dataset.publish.map(({ to }) => to));
  const missing = Object.entries(VARIABLES).filter(([to]) => wanted.has(to) && !given.has(to));
  if (missing.length === 0) return;
  const variables = missing.map(([, variable]) => variable).join(' and ');
  note(`${given.size === 0 ? 'nothing' : 'not everything'} is published: ${variables} is not set`);
}

/** The settings that name the servers, by what a publication is to. */
const VARIABLES = { elasticsearch: 'ELASTICSEARCH_URL', postgres: 'WAREHOUSE_URL' };
