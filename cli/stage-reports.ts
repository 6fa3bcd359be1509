import { type Dataset, resultTables } from '../core/dataset.ts';
import type {
  BatchOutcome,
  ModelOutcome,
  ModelResult,
  Observer,
  ProcessEvent,
  Published,
  StageFailure,
} from '../processing/observer.ts';
import type { ProcessResult } from '../processing/process.ts';
import { counted, type Details, note, record, thousands } from './output.ts';

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

/** Who hears what the stages do. */
interface Listener {
  observe(event: ProcessEvent): void;
}

/** The one observer of a command: it tells each of these. */
export function observerOf(listeners: readonly (Listener | null)[]): Observer {
  return (event) => {
    for (const listener of listeners) listener?.observe(event);
  };
}

/** Tells people and the log file what the stages have done. */
export class StageNotes {
  readonly #results: readonly string[];
  readonly #sayCommit: Say;
  readonly #sayRenewal: Say;

  constructor(dataset: Dataset, { commits, renewals }: Telling) {
    const sayNote: Say = (text, details) => note(text, 'info', details);
    this.#results = resultTables(dataset);
    this.#sayCommit = commits ? sayNote : record;
    this.#sayRenewal = renewals ? sayNote : record;
  }

  observe(event: ProcessEvent): void {
    switch (event.type) {
      case 'committed':
        this.#sayCommit(commitText(event.outcome), commitDetails(event.outcome));
        break;
      case 'superseded': {
        const { reason } = event;
        const details = { event: 'superseded', hop: 'archive', reason };
        note(`another worker was faster, reading again: ${reason}`, 'info', details);
        break;
      }
      case 'modelled':
        this.#modelled(event.outcome, event.seconds);
        break;
      case 'published':
        this.#published(event.outcome, event.seconds);
        break;
      case 'failed':
        noteFailure(event);
        break;
    }
  }

  #modelled(done: ModelOutcome, seconds: number): void {
    const { table, outcome, rows, version } = done;
    if (outcome !== 'computed') return;
    const say = this.#results.includes(table) ? this.#sayRenewal : record;
    say(this.#results.length > 1 ? tableText(done) : modelText(done), {
      ...{ event: 'model', hop: 'model', table, outcome, rows: Number(rows), seconds },
      version: String(version),
    });
  }

  #published(done: Published, seconds: number): void {
    const { outcome, stored, deleted, version, table, to } = done;
    if (outcome !== 'published') return;
    this.#sayRenewal(publishText(done), {
      ...{ event: 'publish', hop: 'publish', table, to, stored, deleted },
      ...{ version: String(version), seconds },
    });
  }
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
