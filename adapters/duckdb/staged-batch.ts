import { createWriteStream, type WriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { partsOf } from '../../core/column-source.ts';
import { partitionId, type RecordBatch, type Stream } from '../../core/contracts.ts';
import type { Dataset, RecordPart } from '../../core/dataset.ts';
import type { EngineBatch } from '../../core/engine.ts';
import { literal } from '../../core/sql.ts';
import { exactly, threadsFor } from './relations.ts';
import { StagedLines } from './staged-lines.ts';
import { partColumn, STAGED_PART } from './staged-parts.ts';
import { StagedSources } from './staged-sources.ts';

/**
 * A batch also ends at this many staged bytes. DuckDB works on 2,048 rows at a time, of any size, so that
 * batches of large values must end earlier.
 */
const BATCH_BYTES = 64 * 1024 * 1024;
const LARGE_VALUES_BATCH_BYTES = 6 * 1024 * 1024;
/** A line with the largest value, and what DuckDB's buffer has besides. */
const LONGEST_LINE = 1_500_000;
const BUFFER_BEYOND = 2_500_000;
/** Of a row, for each column. */
const LARGE_VALUES = 128;
const FEW_COLUMNS = 8;

/**
 * Records on their way into the lake, as lines of text that SQL reads: partition, offset, timestamp, form,
 * the other parts of which columns are read (staged-parts.ts), value, separated by tabs. Values stay bytes
 * and become no objects. `form` says how the value is written: `json` as it is; `text` in base64 because it
 * has a tab or line break (still JSON, perhaps); `bytes` in base64 because it is not UTF-8; `large`; `null`;
 * `unreadable` in base64, of a batch that could not be read: what was there.
 */
export class StagedBatch implements EngineBatch {
  readonly #folder: string;
  readonly #columns: number;
  readonly #parts: readonly RecordPart[];
  readonly #lines: Readonly<Record<Stream, StagedLines>>;
  readonly #files = new Map<Stream, WriteStream>();
  readonly #rows = new Map<Stream, number>();
  readonly #next = new Map<string, bigint>();
  /** Those of the events, to be asked for when some are rejected. */
  readonly #sources = new StagedSources();
  bytes = 0;

  private constructor(folder: string, dataset: Pick<Dataset, 'columns'>) {
    this.#folder = folder;
    this.#columns = dataset.columns.length;
    this.#parts = partsOf(dataset);
    const lines = (stream: Stream) => new StagedLines(this.#partsIn(stream));
    this.#lines = { events: lines('events'), 'dead-letters': lines('dead-letters') };
  }

  static async create(dataset: Pick<Dataset, 'columns'>, temporary: string): Promise<StagedBatch> {
    const folder = join(temporary, `batch-${process.pid}-${crypto.randomUUID()}`);
    await mkdir(folder, { recursive: true });
    return new StagedBatch(folder, dataset);
  }

  /** For the Parquet files that are made of the batch. */
  get folder(): string {
    return this.#folder;
  }

  rowsOf(stream: Stream): number {
    return this.#rows.get(stream) ?? 0;
  }

  get rows(): number {
    return this.rowsOf('events') + this.rowsOf('dead-letters');
  }

  get isFull(): boolean {
    const large = this.bytes / this.rows > LARGE_VALUES * Math.max(this.#columns, FEW_COLUMNS);
    return this.bytes >= (large ? LARGE_VALUES_BATCH_BYTES : BATCH_BYTES);
  }

  get next(): ReadonlyMap<string, bigint> {
    return this.#next;
  }

  async add(batch: RecordBatch, from: bigint): Promise<void> {
    this.#next.set(partitionId(batch), batch.next);
    const first = batch.offsets.findIndex((offset) => offset >= from);
    if (first < 0) return;
    const { stream } = batch;
    if (stream === 'events') this.#sources.add(batch);
    const lines = this.#lines[stream].of(batch, first);
    this.#rows.set(stream, this.rowsOf(stream) + batch.offsets.length - first);
    this.bytes += lines.length;
    let file = this.#files.get(stream);
    if (!file) {
      file = createWriteStream(this.#path(stream));
      // The writer or closer hears of a failure; unheard as an event, it would end the process.
      file.on('error', () => {});
      this.#files.set(stream, file);
    }
    const target = file;
    await new Promise<void>((resolve, reject) =>
      target.write(lines, (error) => (error ? reject(error) : resolve())),
    );
  }

  /** Finishes the files, so that they can be read. */
  async close(): Promise<void> {
    for (const file of this.#files.values()) {
      file.end();
      await finished(file);
    }
  }

  /**
   * The staged records as an SQL relation (log_partition, log_offset, log_timestamp, form, value, raw, and
   * for events the staged parts): `value` is the text, null where there is none; `raw` is what was staged;
   * `log_timestamp` is null where the record has none that is a time.
   */
  relation(stream: Stream): string {
    const parts = this.#partsIn(stream).map((_, i) => partColumn(i));
    const fields = [
      "p: 'INTEGER', o: 'BIGINT', t: 'BIGINT', form: 'VARCHAR'",
      ...parts.map((name) => `${name}: 'VARCHAR'`),
    ];
    const longest = LONGEST_LINE + parts.length * STAGED_PART;
    return `(
  SELECT p AS log_partition, o AS log_offset, make_timestamptz(t * 1000) AS log_timestamp,
    CASE form WHEN 'text' THEN 'json' ELSE form END AS form,
    CASE WHEN form = 'json' THEN coalesce(v, '') WHEN form IN ('text', 'unreadable') THEN decode(from_base64(v)) END AS value,
    ${['v AS raw', ...parts].join(', ')}
  FROM read_csv(${literal(exactly(this.#path(stream)))}, delim = '\t', quote = '', escape = '', header = false, auto_detect = false,
    columns = {${fields.join(', ')}, v: 'VARCHAR'}, max_line_size = ${longest}, buffer_size = ${longest + BUFFER_BEYOND}, ${threadsFor(this.#lines[stream].longest)})
)`;
  }

  /** Where the staged events come from, as the relation of {@link StagedSources.write}. */
  sources(): Promise<string> {
    return this.#sources.write(join(this.#folder, 'sources.tsv'));
  }

  async discard(): Promise<void> {
    for (const file of this.#files.values()) file.destroy();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Dead letters are of eventlake, and have no other parts. */
  #partsIn(stream: Stream): readonly RecordPart[] {
    return stream === 'events' ? this.#parts : [];
  }

  #path(stream: Stream): string {
    return join(this.#folder, `${stream}.tsv`);
  }
}
