import { dirname } from 'node:path/posix';
import { setTimeout as sleep } from 'node:timers/promises';
import { recordParts } from '../core/column-source.ts';
import type { EventLog, LogReader, Partition, PartitionRange, RecordBatch } from '../core/contracts.ts';
import { partitionId } from '../core/contracts.ts';
import type { NewFile } from '../core/data-files.ts';
import type { Dataset } from '../core/dataset.ts';
import type { Engine, EngineBatch } from '../core/engine.ts';
import { hasCode } from '../core/errors.ts';
import { recreatedLog } from '../core/recreated-log.ts';
import { lakeId } from '../lake/identity.ts';
import { commitBatch } from './archive-commit.ts';
import { checkRequired } from './events-table.ts';
import type { ArchiveResult, BatchOutcome, Observer } from './observer.ts';
import { OffsetReader } from './offset-reader.ts';
import { type ArchiveTables, Positions } from './positions.ts';

const POLL_MS = 200;
/** How long a worker that has nothing to read waits before it looks how far the others have come. */
const LOOK_MS = 1000;

/** What the archive stage works on and with. */
export interface ArchiveContext {
  readonly dataset: Dataset;
  readonly log: EventLog;
  readonly tables: ArchiveTables;
  readonly engine: Engine;
  readonly batchRows: number;
  readonly batchSeconds: number;
  /** Batches of the log to step over where they cannot be read, by name. */
  readonly skip?: ReadonlySet<string>;
  readonly observe?: Observer;
}

/** When the archive stage ends. */
export interface ArchiveEnd {
  /**
   * Resolves to the ends that must be in the lake, through any worker; pending for as long as there is more
   * to come.
   */
  readonly ends: Promise<readonly PartitionRange[]>;
  /** Commits the current batch and stops. */
  readonly signal?: AbortSignal | undefined;
}

/** What was committed so far. A stage that is started again after a failure adds to the same counts. */
export interface ArchiveTotal {
  events: number;
  rejected: number;
  commits: number;
}

/**
 * The second stage: the log's records into the `events` and `rejected` tables, each exactly once.
 *
 * Reads on from where the tables say; one loop owns the batches, and a batch is committed with the positions
 * that it leads to. When another worker has moved a partition meanwhile, the commit is refused: what was read
 * is dropped, and everything is read again from the tables' positions.
 */
export async function archive(
  context: ArchiveContext,
  end: ArchiveEnd,
  total: ArchiveTotal = { events: 0, rejected: 0, commits: 0 },
): Promise<ArchiveResult> {
  // Until the worker waits for it, nobody would hear of its failure, and Node ends a process for that.
  end.ends.catch(() => {});
  const { id } = await context.log.open();
  const worker = new Worker(context, id, end, total);
  try {
    return await worker.run();
  } finally {
    await worker.close();
  }
}

/** A batch that becomes part of the tables while the next one is gathered. */
interface Storing {
  readonly batch: EngineBatch;
  readonly outcome: Promise<BatchOutcome>;
  ended: boolean;
}

class Worker {
  readonly #context: ArchiveContext;
  readonly #logId: string;
  readonly #end: ArchiveEnd;
  #ends: readonly PartitionRange[] | null = null;
  #reader: LogReader | null = null;
  #batch: EngineBatch | null = null;
  #storing: Storing | null = null;
  /** Where the batch begins in each of its partitions. */
  readonly #starts = new Map<string, { partition: Partition; from: bigint }>();
  #began = 0;
  #looked = 0;
  #positions: Positions | undefined;
  #read = 0;
  readonly #total: ArchiveTotal;

  constructor(context: ArchiveContext, logId: string, end: ArchiveEnd, total: ArchiveTotal) {
    this.#context = context;
    this.#logId = logId;
    this.#end = end;
    this.#total = total;
  }

  async run(): Promise<ArchiveResult> {
    const { log, tables } = this.#context;
    const failed = this.#end.ends.then(
      (ends) => {
        this.#ends = ends;
        return null;
      },
      (error: unknown) => error,
    );
    this.#positions = await Positions.read(log, this.#logId, tables);
    this.#known.requireIn(await log.ranges());
    const { events } = this.#known;
    if (events) checkRequired(this.#context.dataset, tables.events.path, events);
    try {
      await this.#gather(failed);
    } catch (error) {
      // What is stored meanwhile counts, too.
      await this.#settle().catch(() => {});
      throw error;
    }
    return { ...this.#total, stopped: this.#end.signal?.aborted ?? false };
  }

  async close(): Promise<void> {
    await this.#reader?.close();
    await this.#batch?.discard();
  }

  /** Reads until the end. While one batch is stored the next is gathered. */
  async #gather(failed: Promise<unknown>): Promise<void> {
    // Lets ends that are already known arrive, so that a lake that is up to date costs no reader.
    let failure = await Promise.race([failed, sleep(0, null)]);
    while (!this.#done()) {
      if (failure) throw failure;
      this.#reader ??= await this.#openReader();
      const batch = await this.#reader.poll(POLL_MS);
      this.#context.observe?.({ type: 'turn' });
      if (batch) await this.#take(batch);
      const idle = batch === null || this.#isAtEnd();
      if (this.#mustCommit(idle)) await this.#commit();
      if (idle || this.#storing?.ended) await this.#settle();
      if (batch === null) await this.#lookAround();
      failure = await Promise.race([failed, null]);
    }
    const stopped = this.#end.signal?.aborted ?? false;
    // Where the engine reads the log itself nothing was read yet.
    if (!stopped || !this.#context.engine.readsLog) await this.#commit();
    await this.#settle();
  }

  #done(): boolean {
    if (this.#end.signal?.aborted) return true;
    const pending = this.#batch ?? this.#storing;
    return this.#ends !== null && pending === null && this.#known.cover(this.#ends);
  }

  get #known(): Positions {
    if (!this.#positions) throw new Error('positions are read before the first batch');
    return this.#positions;
  }

  async #openReader(): Promise<LogReader> {
    const { dataset, log, tables, engine, skip } = this.#context;
    const { events } = tables;
    const position = async (partition: Partition) => {
      // A batch that has been begun was read on from the positions known; only between batches may they
      // move.
      if (!this.#batch && !this.#storing) await this.#known.refresh();
      return this.#known.next(partition);
    };
    if (engine.readsLog) return new OffsetReader(log, position);
    return log.reader({
      ...(skip && { skip }),
      // The workers of one lake share the partitions; those of another lake need all of them, too.
      group: `eventlake-${await lakeId(events.store, dirname(events.path))}`,
      position,
      parts: recordParts(dataset),
    });
  }

  async #take(records: RecordBatch): Promise<void> {
    const id = partitionId(records);
    const expected = this.#pending(id) ?? this.#known.next(records) ?? records.from;
    if (records.next <= expected) return;
    if (records.from > expected) {
      await this.#settle();
      await this.#drop(`${id} continues at ${records.from}, not at ${expected}`);
      return;
    }
    if (!this.#batch) {
      this.#batch = await this.#context.engine.batch(this.#context.dataset);
      this.#began = Date.now();
      this.#starts.clear();
    }
    if (!this.#starts.has(id))
      this.#starts.set(id, {
        partition: { stream: records.stream, partition: records.partition },
        from: expected,
      });
    await this.#batch.add(records, expected);
    this.#context.observe?.({ type: 'read', records });
    this.#read += Number(records.next - expected);
    this.#tellProgress();
  }

  /** The total is known once the log's ends are. */
  #tellProgress(): void {
    const left = this.#ends?.reduce(
      (sum, range) => sum + Math.max(0, Number(range.end - this.#at(range))),
      0,
    );
    const total = left === undefined ? null : this.#read + left;
    // An engine that reads the log itself reads a batch when it archives it.
    const pending = (this.#batch?.rows ?? 0) + (this.#storing?.batch.rows ?? 0);
    const done = this.#context.engine.readsLog ? this.#read - pending : this.#read;
    this.#context.observe?.({ type: 'progress', stage: 'archive', unit: 'records', done, total });
  }

  /** Where a partition has come to in what is not in the tables yet. */
  #pending(id: string): bigint | undefined {
    return this.#batch?.next.get(id) ?? this.#storing?.batch.next.get(id);
  }

  /** Where reading is in a partition; not before its first record that is left. */
  #at(range: PartitionRange): bigint {
    const position = this.#pending(partitionId(range)) ?? this.#known.next(range) ?? 0n;
    return position > range.start ? position : range.start;
  }

  #mustCommit(idle: boolean): boolean {
    const batch = this.#batch;
    if (!batch) return false;
    if (batch.rows >= this.#context.batchRows || batch.isFull) return true;
    if (Date.now() - this.#began >= this.#context.batchSeconds * 1000) return true;
    return this.#ends !== null && idle;
  }

  #isAtEnd(): boolean {
    return this.#ends?.every((range) => this.#at(range) >= range.end) ?? false;
  }

  /** Begins to store the batch, once the one before is stored. */
  async #commit(): Promise<void> {
    await this.#settle();
    const batch = this.#batch;
    if (!batch) return;
    const storing: Storing = { batch, outcome: this.#archive(batch), ended: false };
    this.#batch = null;
    this.#storing = storing;
    const end = () => {
      storing.ended = true;
    };
    // A failure is thrown where the outcome is waited for.
    storing.outcome.then(end, end);
  }

  /** Waits for the batch that is being stored, and counts it. */
  async #settle(): Promise<void> {
    if (!this.#storing) return;
    const { batch } = this.#storing;
    let outcome: BatchOutcome;
    try {
      outcome = await this.#storing.outcome;
      this.#total.events += outcome.events;
      this.#total.rejected += outcome.rejected;
      this.#total.commits += 1;
      await this.#known.refresh();
    } catch (error) {
      // What the signal interrupts has no result, and the loop ends.
      const { signal } = this.#end;
      if (signal?.aborted && error === signal.reason) return;
      if (!hasCode(error, 'lake:superseded')) throw error;
      await this.#drop(error.message);
      return;
    } finally {
      this.#storing = null;
      await batch.discard();
    }
    this.#tellProgress();
    await this.#reader?.commit(batch.next);
    this.#context.observe?.({ type: 'committed', outcome });
    await this.#dropIfMoved();
  }

  /** What was gathered meanwhile is of use only where no other worker has moved one of its partitions. */
  async #dropIfMoved(): Promise<void> {
    if (!this.#batch) return;
    for (const { partition, from } of this.#starts.values()) {
      const next = this.#known.next(partition);
      if (next === null || next <= from) continue;
      await this.#drop(`${partitionId(partition)} was moved to ${next}`);
      return;
    }
  }

  async #archive(batch: EngineBatch): Promise<BatchOutcome> {
    const began = performance.now();
    const { dataset, engine, tables } = this.#context;
    const from = this.#known.known(batch.next.keys());
    const files = await engine.archive({ dataset, batch, from });
    if (engine.readsLog) this.#context.observe?.({ type: 'engine-read', records: files.read });
    await this.#requireSameLog();
    const committed = await commitBatch(tables, dataset, this.#known, files);
    const sum = (field: 'rows' | 'bytes', some: readonly NewFile[]) =>
      some.reduce((total, file) => total + file[field], 0);
    return {
      events: sum('rows', files.events),
      rejected: sum('rows', files.rejected),
      reasons: files.reasons,
      firstRejected: files.firstRejected,
      bytes: sum('bytes', [...files.events, ...files.rejected]),
      eventsVersion: committed?.version ?? null,
      seconds: (performance.now() - began) / 1000,
    };
  }

  /**
   * A batch belongs to the log that it was read from, which may have been deleted and made again meanwhile.
   */
  async #requireSameLog(): Promise<void> {
    const { log } = this.#context;
    if ((await log.id()) === this.#logId) return;
    throw recreatedLog(
      `${log.description} was deleted, and perhaps made again, while it was read; the current batch was not committed`,
    );
  }

  /** Another worker was here: forget the batch, and read again from where the tables are now. */
  async #drop(reason: string): Promise<void> {
    this.#context.observe?.({ type: 'superseded', reason });
    await this.#batch?.discard();
    this.#batch = null;
    await this.#reader?.close();
    this.#reader = null;
    await this.#known.refresh();
  }

  /** With nothing to read, what is missing may be another worker's: see how far the tables have come. */
  async #lookAround(): Promise<void> {
    if (this.#batch || this.#storing) return;
    this.#context.observe?.({ type: 'idle' });
    if (this.#ends === null || Date.now() - this.#looked < LOOK_MS) return;
    this.#looked = Date.now();
    await this.#known.refresh();
  }
}
