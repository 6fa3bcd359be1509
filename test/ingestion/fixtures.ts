import { mkdtemp, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalEventLog } from '../../adapters/local-log/event-log.ts';
import type { EventLog } from '../../core/contracts.ts';
import type { Dataset } from '../../core/dataset.ts';
import { OutgoingRecords } from '../../core/outgoing-records.ts';
import type { EventEncoder } from '../../ingestion/events.ts';
import { type IngestRequest, type IngestResult, ingest } from '../../ingestion/ingest.ts';
import type { RecordGroup } from '../../ingestion/record-group.ts';
import { openSource } from '../../ingestion/source-file.ts';
import { drain } from '../conformance/event-log-records.ts';

export const DATASET: Dataset = {
  name: 'notes',
  key: 'id',
  time: 'at',
  source: { type: 'file', format: 'csv' },
  entity: { singular: 'note', plural: 'notes' },
  models: [],
  publish: [],
  columns: [
    { name: 'at', type: 'timestamp', required: true },
    { name: 'id', type: 'int64', required: true },
    { name: 'text', type: 'string', required: false },
  ],
};

/** When a file at rest was last changed. */
const HOURS_AGO = new Date(Date.now() - 3 * 3_600_000);

/** A folder of its own for each test; `put` writes a file into it that nobody is writing any more. */
export class Workplace {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(): Promise<Workplace> {
    return new Workplace(await mkdtemp(join(tmpdir(), 'ingestion-')));
  }

  async put(name: string, content: string | Buffer): Promise<string> {
    const path = join(this.folder, name);
    await writeFile(path, content);
    await utimes(path, HOURS_AGO, HOURS_AGO);
    return path;
  }

  /** The same, but written just now: it may still be growing. */
  async write(name: string, content: string): Promise<string> {
    const path = join(this.folder, name);
    await writeFile(path, content);
    return path;
  }

  log(partitions = 3): LocalEventLog {
    return new LocalEventLog(join(this.folder, 'log'), partitions);
  }
}

/**
 * Ingests a file in chunks of 3 rows, and says what was warned of and after which errors it was tried again.
 */
export async function ingestFile(
  log: EventLog,
  path: string,
  options: Partial<IngestRequest> = {},
): Promise<IngestResult & { warnings: string[]; retries: string[] }> {
  const [warnings, retries]: [string[], string[]] = [[], []];
  const source = await openSource(path, '');
  const warn = (message: string) => warnings.push(message);
  return {
    ...(await ingest(log, {
      ...{ dataset: DATASET, source, again: false, chunkRows: 3, warn },
      onRetry: (error) => retries.push(error.message),
      ...options,
    })),
    warnings,
    retries,
  };
}

/** A file's line that became a dead letter, as the log holds it. */
export interface DeadLetter {
  readonly file: string;
  readonly line: number;
  readonly reason: string;
  readonly detail: string;
  readonly raw: string;
}

/** What a log holds: its events as JSON texts, in order within each partition, and its dead letters. */
export async function contents(log: EventLog): Promise<{ events: string[][]; deadLetters: DeadLetter[] }> {
  const read = await drain(log);
  const texts = (id: string) => (read.get(id)?.values ?? []).map((value) => String(value));
  const partitions = [...read.keys()].filter((id) => id.startsWith('events/')).sort();
  return {
    events: partitions.map(texts),
    deadLetters: texts('dead-letters/0').map((text) => {
      const letter = JSON.parse(text);
      return { ...letter, raw: Buffer.from(letter.raw, 'base64').toString('latin1') };
    }),
  };
}

/** The `text` of every event, sorted. */
export async function textsIn(log: EventLog): Promise<string[]> {
  const { events } = await contents(log);
  return events
    .flat()
    .map((event) => String(JSON.parse(event).text))
    .sort();
}

/** Rows `from` to `to` of a file, each with its number as id and text. */
export function rows(from: number, to: number): string {
  return Array.from(
    { length: to - from + 1 },
    (_, i) => `2020-01-01T00:00:00Z,${from + i},row ${String(from + i).padStart(3, '0')}\n`,
  ).join('');
}

/** The texts of rows `from` to `to`. */
export function textsOf(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, i) => `row ${String(from + i).padStart(3, '0')}`);
}

/** Record `index` of the group as an event. */
export function encodedEvent(encoder: EventEncoder, group: RecordGroup, index: number) {
  const to = new OutgoingRecords();
  encoder.encode(group, index, to);
  return { key: to.keys.at(0), value: to.values.at(0) ?? Buffer.alloc(0) };
}
