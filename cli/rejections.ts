import { InvalidArgumentError, Option } from 'commander';
import type { FirstRejected } from '../core/engine.ts';
import { EventlakeError } from '../core/errors.ts';
import type { ArchiveResult, BatchOutcome, ProcessEvent } from '../processing/observer.ts';
import { forDataset } from './hints.ts';
import { counted, note, thousands } from './output.ts';

/**
 * A larger share of rejected rows is warned of: it is rarely the data, and mostly a wrong contract or
 * dialect.
 */
const WARN_ABOVE = 0.5;

/** At most so many rejected rows, or such a share of a run's rows, in percent. */
type Limit = { readonly text: string } & ({ readonly rows: number } | { readonly percent: number });

/** What the option gives. */
export interface MaxRejectedOptions {
  readonly maxRejected?: Limit;
}

/** `--max-rejected`: how much of what a run reads may be rejected. */
export function maxRejectedOption(): Option {
  return new Option(
    '--max-rejected <limit>',
    'fail before the models are computed and published when more of the rows of this run are rejected: a share such as 5%, or a number of rows',
  ).argParser(parseLimit);
}

function parseLimit(text: string): Limit {
  if (/^\d{1,15}$/.test(text)) return { text: counted(Number(text), 'row'), rows: Number(text) };
  const percent = /^\d{1,3}(\.\d{1,6})?%$/.test(text) ? Number(text.slice(0, -1)) : Number.NaN;
  if (!(percent <= 100))
    throw new InvalidArgumentError('It must be a share from 0% to 100%, such as 5%, or a number of rows.');
  return { text, percent };
}

/**
 * What was rejected in one run of processing: warns when it is most of the rows, and fails above the limit.
 */
export class Rejections {
  readonly #dataset: string;
  readonly #limit: Limit | undefined;
  readonly #rows = new Map<string, number>();
  readonly #first = new Map<string, FirstRejected>();

  constructor(dataset: string, { maxRejected }: MaxRejectedOptions) {
    this.#dataset = dataset;
    this.#limit = maxRejected;
  }

  /** Counts what the archive commits. */
  observe(event: ProcessEvent): void {
    if (event.type === 'committed') this.#count(event.outcome);
  }

  /**
   * Judges all that was archived.
   * @throws `rejected:too_many` above the limit
   */
  judge({ events, rejected }: ArchiveResult): void {
    if (rejected === 0) return;
    const total = events + rejected;
    const what =
      events === 0 ? `all ${counted(total, 'row')}` : `${thousands(rejected)} of ${counted(total, 'row')}`;
    const told = `${what} ${rejected === 1 ? 'was' : 'were'} rejected: ${this.#mainReason()}`;
    if (this.#limit && exceeds(this.#limit, rejected, total)) {
      throw new EventlakeError(
        'rejected:too_many',
        `${told}; --max-rejected allows ${this.#limit.text}. Nothing was computed or published`,
        {
          hint: forDataset(
            'The rows are in the lake and in its table rejected (see: eventlake rejected). Fix the file or the contract, then reset and ingest again. To accept them, run process: it counts new rows only, and publishes what is there.',
            this.#dataset,
          ),
        },
      );
    }
    if (rejected > WARN_ABOVE * total) {
      note(`warning: ${told}`, 'warn', {
        ...{ event: 'mostly_rejected', events, rejected },
        hint: forDataset(
          'See them with: eventlake rejected. Where most rows are rejected, the contract is often wrong: a format, the type of a column, the delimiter.',
          this.#dataset,
        ),
      });
    }
  }

  #count({ reasons, firstRejected }: BatchOutcome): void {
    for (const [reason, n] of Object.entries(reasons))
      this.#rows.set(reason, (this.#rows.get(reason) ?? 0) + n);
    for (const first of firstRejected)
      if (!this.#first.has(first.reason)) this.#first.set(first.reason, first);
  }

  #mainReason(): string {
    const [main] = [...this.#rows].sort(([, a], [, b]) => b - a);
    if (!main) return 'for reasons unknown';
    const first = this.#first.get(main[0]);
    const of = this.#rows.size > 1 ? ` (${thousands(main[1])})` : '';
    const detail = first?.detail ? ` (${first.detail})` : '';
    return `${main[0]}${of}${first ? `, such as ${first.place}${detail}` : ''}`;
  }
}

function exceeds(limit: Limit, rejected: number, total: number): boolean {
  return 'rows' in limit ? rejected > limit.rows : rejected * 100 > limit.percent * total;
}
