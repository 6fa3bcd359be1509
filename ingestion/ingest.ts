import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import type { EventLog, LedgerEntry, LogWriter } from '../core/contracts.ts';
import type { Dataset } from '../core/dataset.ts';
import { EventlakeError } from '../core/errors.ts';
import type { OutgoingRecords } from '../core/outgoing-records.ts';
import { ChunkBuilder } from './chunk-builder.ts';
import type { EventEncoder } from './events.ts';
import { type FileFormat, readFormat } from './format.ts';
import { toBlocks } from './lines.ts';
import { type Beginning, beginningFinder, knownRows } from './resume.ts';
import { isBeingWritten, isSeekable, readSource, type SourceFile } from './source-file.ts';

/** A chunk ends at so many bytes too, so that long rows take no more memory than many. */
const CHUNK_BYTES = 16 * 1024 * 1024;
/** A broker that fails over is away for some seconds. */
const ATTEMPTS = 5;
const RETRY_MS = 1000;

/** What to ingest, and how. */
export interface IngestRequest {
  readonly dataset: Dataset;
  readonly source: SourceFile;
  /** Ingest from the first row though the ledger knows the file. */
  readonly again: boolean;
  /** Take a last line without its line end though the file may still be written. */
  readonly complete?: boolean;
  /** Stop after this many rows. */
  readonly limit?: number | undefined;
  /** Rows that commit together; fewer when they are long. */
  readonly chunkRows: number;
  /** Told about columns that are not carried, and the like. */
  warn(message: string): void;
  /** Told before everything is done again from the last committed row, after an error that may pass. */
  onRetry?(error: EventlakeError): void;
  /** Told of each chunk that was committed. */
  onCommit?(chunk: CommittedChunk): void;
  /** Told after each chunk: rows committed in this run, and bytes read from disk. */
  onProgress?(progress: { rows: number; bytesRead: number }): void;
  /** Finishes the current chunk and stops. */
  readonly signal?: AbortSignal;
}

/** A chunk that is in the log. */
export interface CommittedChunk {
  readonly events: number;
  readonly deadLetters: number;
  /** Of the decompressed file. */
  readonly bytes: number;
  /** From handing it to the log until it was durable there. */
  readonly seconds: number;
}

/** What one run of ingest did. */
export interface IngestResult {
  /** `nothing_new`: the file is known to its last byte. `stopped`: by the limit or the signal. */
  readonly outcome: 'ingested' | 'continued' | 'nothing_new' | 'stopped';
  /** Of this run alone. */
  readonly rows: number;
  readonly events: number;
  readonly deadLetters: number;
  /** The ledger's entry now; null for a file without a header, which leaves none. */
  readonly entry: LedgerEntry | null;
  /** Rows of the file, if it is the beginning of the longer file of `entry`. */
  readonly beginningRows?: number;
}

const NOTHING: IngestResult = { outcome: 'nothing_new', rows: 0, events: 0, deadLetters: 0, entry: null };

/**
 * The first stage: a file's rows into the log, each exactly once. Every chunk commits together with the
 * ledger entry that says how far the file has come, so a run that was killed is continued by the next.
 */
export async function ingest(log: EventLog, request: IngestRequest): Promise<IngestResult> {
  const { source, dataset } = request;
  const format = await readFormat(dataset, source);
  if (!format) {
    request.warn(`${source.path} is empty: it holds no record`);
    return NOTHING;
  }
  const { header } = format;
  const isComplete = async (ended: boolean) =>
    request.complete === true || !(await isBeingWritten(source, ended));
  if (!header.ended && !(await isComplete(false))) {
    request.warn(`${source.path}: the header has no line end yet; the file is left for the next run`);
    return NOTHING;
  }
  const encoder = format.encoder();
  if (encoder.extra.length > 0)
    request.warn(`columns not in the contract are not carried: ${encoder.extra.join(', ')}`);
  if (encoder.absent.length > 0)
    request.warn(`optional columns not in the file stay empty: ${encoder.absent.join(', ')}`);

  const { partitions } = await log.open();
  const ingestion = crypto.randomUUID();
  const find = beginningFinder(log, request, ingestion);
  const origin = await find();
  if (request.again) {
    const repeated = await knownRows(log, source);
    if (repeated > 0)
      request.warn(`${repeated} rows of ${source.path} are in the log already, and will be there twice`);
  }
  // A writer supersedes the running one, so none is opened where there is nothing to write.
  if (origin.atEnd) {
    const { entry } = origin;
    const beginning = origin.knownRows < entry.rows ? { beginningRows: origin.knownRows } : {};
    return { ...resultOf('nothing_new', entry, entry), ...beginning };
  }
  const shared: Attempt = { format, encoder, partitions, isComplete, first: null, find };
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await write(log, request, shared);
    } catch (error) {
      // Whether the last chunk is in the log is not known: the ledger is asked again.
      if (!(error instanceof EventlakeError && error.retriable) || attempt === ATTEMPTS) throw error;
      request.onRetry?.(error);
      await sleep(attempt * RETRY_MS);
    }
  }
}

/** What every attempt of one run shares. */
interface Attempt {
  readonly format: FileFormat;
  readonly encoder: EventEncoder;
  readonly partitions: number;
  isComplete(ended: boolean): Promise<boolean>;
  /**
   * The ledger's entry when this run's first writer was open: what is before it, others have written. Null
   * until then.
   */
  first: LedgerEntry | null;
  find(): Promise<Beginning>;
}

async function write(log: EventLog, request: IngestRequest, attempt: Attempt): Promise<IngestResult> {
  const { source } = request;
  const { format, encoder, partitions, find, isComplete } = attempt;
  const { header } = format;
  const writer = await log.writer();
  try {
    const begin = await find();
    const known = attempt.first;
    const first = known?.ingestion === begin.entry.ingestion ? known : begin.entry;
    attempt.first = first;
    // An attempt whose answer was lost may have come to the end; or somebody else.
    if (begin.atEnd) return resultOf(first === known ? finished(first) : 'nothing_new', first, begin.entry);
    const fresh = begin.entry.bytes === 0;
    const start = fresh ? header.bytes : begin.entry.bytes;
    const firstLine = fresh ? header.nextLine : begin.entry.lines + 1;
    if (fresh) await hashHeader(source, header.bytes, begin);
    let bytesRead = isSeekable(source) ? start : 0;
    const stream = readSource(source, start, (bytes) => {
      bytesRead += bytes;
    });
    const chunks = new ChunkBuilder({
      bytes: start,
      lines: firstLine - 1,
      hash: begin.hash,
      encoder,
      partitions,
      file: source.path,
    });
    const run = new ChunkRun(writer, chunks, { first, entry: begin.entry }, (rows, chunk, events) => {
      encoder.release(events);
      request.onCommit?.(chunk);
      request.onProgress?.({ rows, bytesRead });
    });
    // An attempt before this one may have come this far.
    if (run.rows === request.limit) return await run.stop();
    for await (const group of format.records(toBlocks(stream), firstLine, isComplete)) {
      for (let i = 0; i < group.rows.length; i += 1) {
        chunks.add(group, i);
        if (run.rows + chunks.rows === request.limit) return await run.stop();
        if (chunks.rows >= request.chunkRows || chunks.size >= CHUNK_BYTES) await run.commit(false);
      }
      chunks.endOf(group);
      // Blocks that are in memory already come one after the other: others in this process get their turn.
      await turn();
      if (group.left) warnOfRest(request, group.nextLine);
      if (request.signal?.aborted && !group.withinLine) return await run.stop();
    }
    return await run.finish();
  } finally {
    await writer.close();
  }
}

function warnOfRest({ source, warn }: IngestRequest, line: number): void {
  warn(
    `${source.path}:${line}: the last line is not ended, and the file is being written: it is left for the next run (--complete takes it at once)`,
  );
}

/** What has become of the file since `first` was its entry. */
function resultOf(outcome: IngestResult['outcome'], first: LedgerEntry, entry: LedgerEntry): IngestResult {
  const events = entry.events - first.events;
  const deadLetters = entry.deadLetters - first.deadLetters;
  return { outcome, rows: events + deadLetters, events, deadLetters, entry };
}

/** The outcome of a run that came to the end of the file. */
function finished(first: LedgerEntry): IngestResult['outcome'] {
  return first.bytes > 0 ? 'continued' : 'ingested';
}

/** A new ingestion's hash covers the header too. */
async function hashHeader(source: SourceFile, bytes: number, begin: Beginning): Promise<void> {
  let left = bytes;
  for await (const part of readSource(source, 0)) {
    begin.hash.update(part.subarray(0, left));
    left -= part.length;
    if (left <= 0) return;
  }
}

/** Commits chunks one after the other, while the next is being gathered. */
class ChunkRun {
  /** Rows handed to the log since `first`. */
  rows: number;
  readonly #writer: LogWriter;
  readonly #chunks: ChunkBuilder;
  readonly #onCommit: (rows: number, chunk: CommittedChunk, events: OutgoingRecords) => void;
  readonly #first: LedgerEntry;
  #entry: LedgerEntry;
  #inFlight: Promise<void> = Promise.resolve();

  constructor(
    writer: LogWriter,
    chunks: ChunkBuilder,
    { first, entry }: { first: LedgerEntry; entry: LedgerEntry },
    onCommit: (rows: number, chunk: CommittedChunk, events: OutgoingRecords) => void,
  ) {
    this.#writer = writer;
    this.#chunks = chunks;
    this.#first = first;
    this.#entry = entry;
    this.rows = entry.rows - first.rows;
    this.#onCommit = onCommit;
  }

  async commit(complete: boolean): Promise<void> {
    const chunk = this.#chunks.take(this.#entry, complete);
    const bytes = chunk.progress.bytes - this.#entry.bytes;
    const [events, deadLetters] = [chunk.events.length, chunk.deadLetters.length];
    this.#entry = chunk.progress;
    this.rows += events + deadLetters;
    const rows = this.rows;
    await this.#inFlight;
    const began = performance.now();
    this.#inFlight = this.#writer.append(chunk).then(() => {
      const seconds = (performance.now() - began) / 1000;
      this.#onCommit(rows, { events, deadLetters, bytes, seconds }, chunk.events);
    });
    // A failure surfaces at the next await, not as an unhandled rejection.
    this.#inFlight.catch(() => {});
  }

  async stop(): Promise<IngestResult> {
    if (this.#chunks.rows > 0) await this.commit(false);
    await this.#inFlight;
    return resultOf('stopped', this.#first, this.#entry);
  }

  async finish(): Promise<IngestResult> {
    await this.commit(true);
    await this.#inFlight;
    return resultOf(finished(this.#first), this.#first, this.#entry);
  }
}
