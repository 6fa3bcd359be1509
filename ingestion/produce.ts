import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Chunk, EventLog, LedgerEntry, LogWriter } from '../core/contracts.ts';
import type { EventlakeError } from '../core/errors.ts';
import { OutgoingRecords } from '../core/outgoing-records.ts';
import { mayPass, Pause } from '../core/retry.ts';
import type { CommittedChunk } from './ingest.ts';
import { partitionFor } from './partitioner.ts';
import { Schedule } from './schedule.ts';

/**
 * The ledger's entry of what a generator has made; its rows are counted from the first start of the
 * generator.
 */
const INGESTION = 'generator';
/**
 * Rows that commit together at most, and how often they do: each commit is a transaction, and in the local
 * log a file.
 */
const CHUNK_ROWS = 20_000;
const CHUNK_MS = 1000;

/** What to produce. */
export interface ProduceRequest {
  /** Rows a second, 0.1 to 10,000. */
  readonly rate: number;
  /** Stop after this many rows; never when absent. */
  readonly rows?: number | undefined;
  /** The row with this number (1, 2, …), due at `time`, milliseconds since the epoch. */
  make(number: number, time: number): { readonly key: string; readonly value: string };
  /** Told of each chunk that is in the log, and of all rows of this run. */
  onCommit?(chunk: CommittedChunk, rows: number): void;
  /** Told before writing is tried again after an error that may pass. */
  onRetry?(error: EventlakeError, pauseMs: number): void;
  /** Told when the log is too slow for the rate, and rows are left out because of it. */
  onLeftOut?(rows: number): void;
  /** Ends it once the current chunk is in the log. */
  readonly signal: AbortSignal;
}

/** What one run of the generator did. */
export interface ProduceResult {
  /** Rows of this run that are in the log. */
  readonly rows: number;
  /** All rows that generators have ever brought into this log. */
  readonly total: number;
}

/**
 * Writes generated rows into the log at a steady rate until the signal. Each chunk commits together with the
 * ledger entry that counts its rows, so that numbers continue after any kill, and the log holds exactly the
 * rows that it acknowledged. A log that is slower than the rate is waited for: rows that are overdue by more
 * than ten seconds are left out.
 *
 * Once the log has been reached it survives failures that may pass.
 */
export async function produce(log: EventLog, request: ProduceRequest): Promise<ProduceResult> {
  const { signal } = request;
  const { partitions } = await log.open();
  const producer = new Producer(request, partitions);
  const pause = new Pause();
  do {
    try {
      await producer.write(log, () => pause.reset());
    } catch (error) {
      if (!producer.hasWritten || signal.aborted || !mayPass(error)) throw error;
      const pauseMs = pause.next();
      request.onRetry?.(error, pauseMs);
      await sleep(pauseMs, undefined, { signal }).catch(() => {});
    }
  } while (!producer.done);
  return producer.result;
}

class Producer {
  readonly #request: ProduceRequest;
  readonly #partitions: number;
  readonly #schedule: Schedule;
  /** The ledger's entry before this run; null until the ledger was read. */
  #first: LedgerEntry | null = null;
  #entry: LedgerEntry = nothing();

  constructor(request: ProduceRequest, partitions: number) {
    this.#request = request;
    this.#partitions = partitions;
    this.#schedule = new Schedule(request.rate, performance.now());
  }

  get result(): ProduceResult {
    return { rows: this.#entry.rows - (this.#first ?? this.#entry).rows, total: this.#entry.rows };
  }

  get hasWritten(): boolean {
    return this.#first !== null;
  }

  get done(): boolean {
    return this.#request.signal.aborted || this.result.rows === this.#request.rows;
  }

  /** Writes from where the ledger is, until it is done. */
  async write(log: EventLog, onCommit: () => void): Promise<void> {
    const writer = await log.writer();
    try {
      // Asked after the writer is open: whether the last chunk of a failed try is in the log is not known
      // otherwise.
      this.#entry = (await log.ledger()).find(({ ingestion }) => ingestion === INGESTION) ?? nothing();
      this.#first ??= this.#entry;
      while (!this.done) {
        const began = performance.now();
        if (await this.#append(writer)) onCommit();
        const next = Math.max(began + CHUNK_MS, this.#schedule.nextDue);
        // A broker that takes longer than a chunk's time is asked again at once, but the signal is heard.
        const pause = Math.max(0, next - performance.now());
        await sleep(pause, undefined, { signal: this.#request.signal }).catch(() => {});
      }
    } finally {
      await writer.close();
    }
  }

  /** Appends what is due; false when nothing is. */
  async #append(writer: LogWriter): Promise<boolean> {
    const { rows = Number.POSITIVE_INFINITY, onLeftOut, onCommit } = this.#request;
    const leftOut = this.#schedule.leaveOut(performance.now());
    if (leftOut > 0) onLeftOut?.(leftOut);
    const due = this.#schedule.due(performance.now());
    const count = Math.min(due, CHUNK_ROWS, rows - this.result.rows);
    if (count === 0) return false;
    const chunk = this.#chunk(count);
    const began = performance.now();
    await writer.append(chunk);
    this.#schedule.take(count);
    this.#entry = chunk.progress;
    const seconds = (performance.now() - began) / 1000;
    onCommit?.({ events: count, deadLetters: 0, bytes: chunk.events.bytes, seconds }, this.result.rows);
    return true;
  }

  #chunk(count: number): Chunk {
    const { rows } = this.#entry;
    const behind = Date.now() - performance.now();
    const events = new OutgoingRecords();
    for (let i = 0; i < count; i += 1) {
      const time = Math.floor(behind + this.#schedule.dueTime(i));
      const { key, value } = this.#request.make(rows + i + 1, time);
      const bytes = Buffer.from(key);
      events.keys.pushAll(bytes);
      events.values.pushText(value);
      events.place(partitionFor(bytes, this.#partitions));
    }
    const progress = {
      ...this.#entry,
      rows: rows + count,
      events: rows + count,
      updatedAt: new Date().toISOString(),
    };
    return { events, deadLetters: new OutgoingRecords(), progress };
  }
}

/** The entry of a generator that has made nothing: of no file, so that no file is taken for it. */
function nothing(): LedgerEntry {
  return {
    ingestion: INGESTION,
    file: INGESTION,
    bytes: 0,
    sha256: createHash('sha256').digest('hex'),
    lines: 0,
    rows: 0,
    events: 0,
    deadLetters: 0,
    // All that was made is in the log; there is always more to come.
    complete: true,
    updatedAt: new Date().toISOString(),
  };
}
