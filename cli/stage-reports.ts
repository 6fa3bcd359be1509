import { resultTables } from '../core/dataset.ts';
import type { Monitor } from '../monitoring/monitor.ts';
import type { BatchOutcome } from '../processing/archive.ts';
import type { FollowContext, StageFailure } from '../processing/follow.ts';
import type { ModelResult } from '../processing/model.ts';
import type { ModelOutcome, ProcessContext, ProcessResult, Published } from '../processing/process.ts';
import { counted, type Details, note, record, thousands } from './output.ts';
import type { Progress } from './progress.ts';

/**
 * How a stage's work is told: a note, or only a line in a JSON log where people see it in the command's
 * result.
 */
type Say = (text: string, details: Details) => void;

/** How much is printed during processing. */
export interface Telling {
  readonly commits: boolean;
  readonly renewals: boolean;
}

/** To whom the stages report. */
export interface Reports {
  readonly monitor: Monitor | null;
  /** Null where something else shows how far the stages have come. */
  readonly progress: Progress | null;
  readonly telling: Telling;
}

/** The context whose stages report what they do: to people and logs, and to the monitor if there is one. */
export function reported(context: ProcessContext, { monitor, progress, telling }: Reports): FollowContext {
  const results = resultTables(context.archive.dataset);
  const sayNote: Say = (text, details) => note(text, 'info', details);
  const sayCommit = telling.commits ? sayNote : record;
  const sayRenewal = telling.renewals ? sayNote : record;
  return {
    ...context,
    archive: {
      ...context.archive,
      onTurn: () => monitor?.turn(),
      onProgress({ stage, unit, done, total }) {
        const share = total === null ? null : Math.min(1, done / Math.max(1, total));
        progress?.show(stage, { done, unit, share });
      },
      onRead: (records) => monitor?.recordsRead(records),
      onIdle() {
        progress?.finish('archive');
        monitor?.succeeded('archive');
      },
      onCommit(outcome) {
        monitor?.batchCommitted(outcome);
        sayCommit(commitText(outcome), commitDetails(outcome));
      },
      onSuperseded(reason) {
        monitor?.batchSuperseded();
        const details = { event: 'superseded', hop: 'archive', reason };
        note(`another worker was faster, reading again: ${reason}`, 'info', details);
      },
    },
    onArchived: () => progress?.finish('archive'),
    onModel(table, result, seconds) {
      progress?.finish('model');
      monitor?.modelDone(result, seconds);
      const { outcome, rows } = result;
      const details = { event: 'model', hop: 'model', table, outcome, rows: Number(rows), seconds };
      if (outcome !== 'computed') return;
      const say = results.includes(table) ? sayRenewal : record;
      say(results.length > 1 ? tableText({ table, ...result }) : modelText(result), {
        ...details,
        version: String(result.version),
      });
    },
    onPublish(result, seconds) {
      progress?.finish('publish');
      monitor?.publishDone(result, seconds);
      const { outcome, stored, deleted, version, table, to } = result;
      const details = {
        event: 'publish',
        hop: 'publish',
        ...{ table, to },
        stored,
        deleted,
        version: String(version),
        seconds,
      };
      if (outcome === 'published') sayRenewal(publishText(result), details);
    },
    onFailure(failure) {
      monitor?.failed(failure.stage, failure.error.message);
      noteFailure(failure);
    },
  };
}

function noteFailure({ stage, error: { message, code, hint }, pauseMs }: StageFailure): void {
  const seconds = pauseMs / 1000;
  note(`warning: ${stage} failed, and is tried again in ${seconds} s: ${message} [${code}]`, 'warn', {
    ...{ event: 'retry', hop: stage, code, hint, pause: seconds },
  });
}

/** What processing did, one line for each stage. */
export function processSummary({ archive, model, models, published }: ProcessResult): string {
  const rejected =
    archive.rejected > 0 ? `, ${thousands(archive.rejected)} rejected (see: make rejected)` : '';
  const first =
    archive.commits === 0
      ? 'archive: nothing new'
      : `archive: ${counted(archive.events, 'event')}${rejected} in ${counted(archive.commits, 'commit')}`;
  const modelled = models ? models.map(tableText) : model ? [modelText(model)] : [];
  return [first, ...modelled, ...published.map(publishText)].filter((line) => line !== '').join('\n');
}

function commitText({ events, rejected, seconds, eventsVersion }: BatchOutcome): string {
  const turnedAway = rejected > 0 ? `, ${thousands(rejected)} rejected` : '';
  return `archive: ${counted(events, 'event')}${turnedAway} committed as version ${eventsVersion ?? '-'} in ${seconds.toFixed(1)} s`;
}

function commitDetails({ eventsVersion, firstRejected: _, ...outcome }: BatchOutcome): Details {
  return { event: 'commit', hop: 'archive', ...outcome, version: String(eventsVersion) };
}

function modelText(result: ModelResult): string {
  return modelLine(counted(Number(result.rows), 'profile'), result);
}

function tableText({ table, ...result }: ModelOutcome): string {
  return modelLine(`${counted(Number(result.rows), 'row')} of ${table}`, result);
}

function modelLine(what: string, { outcome, version }: ModelResult): string {
  if (outcome === 'no_events') return 'model:   no events yet';
  return `model:   ${what}, version ${version}${outcome === 'up_to_date' ? ' (up to date)' : ''}`;
}

function publishText({ outcome, stored, deleted, table, to }: Published): string {
  if (outcome === 'no_profiles') return '';
  if (to === 'postgres')
    return outcome === 'up_to_date'
      ? `publish: ${table} in PostgreSQL is up to date`
      : `publish: ${counted(stored, 'row')} of ${table} in PostgreSQL stored, ${thousands(deleted)} deleted`;
  if (outcome === 'up_to_date') return 'publish: the index is up to date';
  return `publish: ${counted(stored, 'document')} stored, ${thousands(deleted)} deleted`;
}
