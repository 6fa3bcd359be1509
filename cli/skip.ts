import { InvalidArgumentError, Option } from 'commander';
import { partitionId, type RecordBatch } from '../core/contracts.ts';
import type { ProcessEvent } from '../processing/observer.ts';
import { note } from './output.ts';

const NAME = /^(events|dead-letters)\/(0|[1-9]\d{0,9})@(0|[1-9]\d{0,18})$/;

/** What the option gives. */
export interface SkipOptions {
  readonly skip?: readonly string[];
}

/** `--skip`: names a batch of the log that is to be stepped over if it cannot be read. */
export function skipOption(): Option {
  return new Option(
    '--skip <batch>',
    'step over this batch of the log if it cannot be read, such as events/3@1234: partition, and first offset; may be repeated',
  ).argParser((name: string, before: readonly string[] = []) => {
    if (!NAME.test(name))
      throw new InvalidArgumentError('It must be like events/3@1234 or dead-letters/0@1234.');
    return [...before, name];
  });
}

/** The batches that are to be skipped, and what became of each. */
export class Skips {
  readonly names: ReadonlySet<string>;
  readonly #open: Set<string>;

  constructor({ skip = [] }: SkipOptions) {
    this.names = new Set(skip);
    this.#open = new Set(skip);
  }

  /** Hears which records are read. */
  observe(event: ProcessEvent): void {
    if (event.type === 'read') this.#read(event.records);
  }

  #read(records: RecordBatch): void {
    for (const name of this.#open) {
      const [id, digits = ''] = name.split('@');
      const offset = BigInt(digits);
      if (id !== partitionId(records) || offset < records.from || offset >= records.next) continue;
      this.#open.delete(name);
      if (records.unreadable && records.offsets[0] === offset) {
        note(`skipped the unreadable batch ${name}: ${records.values.at(0)}`, 'warn', {
          event: 'skipped',
          batch: name,
        });
      } else warnOfNothing(name, 'no unreadable batch begins there');
    }
  }

  /** Once all was read: warns of those that were not met. */
  end(): void {
    for (const name of this.#open) warnOfNothing(name, 'nothing was left to read there');
  }
}

function warnOfNothing(name: string, why: string): void {
  note(`warning: --skip ${name} has skipped nothing: ${why}`, 'warn', {
    event: 'nothing_skipped',
    batch: name,
  });
}
