import { setTimeout as sleep } from 'node:timers/promises';
import { recordParts } from '../core/column-source.ts';
import type { EventLog, LogReader, PartitionRange, RecordBatch } from '../core/contracts.ts';
import { partitionId } from '../core/contracts.ts';
import type { Dataset } from '../core/dataset.ts';
import type { EngineBatch, LocalEngine } from '../core/engine.ts';
import { EventlakeError } from '../core/errors.ts';
import type { EventFile, ExportPosition } from '../core/event-file.ts';
import { mayPass, Pause } from '../core/retry.ts';

const POLL_MS = 100;
/** A batch ends after so long, rows or bytes: who looks at the file sees readings within a second. */
const BATCH_MS = 500;
const BATCH_ROWS = 50_000;
const BATCH_BYTES = 16 * 1024 * 1024;

/** What the export works on and with. */
export interface ExportJob {
  readonly dataset: Dataset;
  readonly log: EventLog;
  readonly file: EventFile;
  readonly engine: LocalEngine;
  /** Told each time that the log was asked for more. */
  onTurn?(): void;
  /** Told of each batch that is in the file. */
  onCommit?(batch: ExportedBatch): void;
  /** Told of a failure that is tried again after the pause. */
  onFailure?(error: EventlakeError, pauseMs: number): void;
}

/** A batch that is in the file. */
export interface ExportedBatch {
  readonly rows: number;
  readonly rejected: number;
  readonly seconds: number;
}

/** What one run brought into the file, and what the file has had in all. */
export interface ExportResult {
  readonly rows: number;
  readonly rejected: number;
  readonly totalRows: number;
  readonly totalRejected: number;
  readonly stopped: boolean;
}

/**
 * Appends the log's events that keep the contract to a file, each once, up to `ends`; without these until the
 * signal. It reads on from the position that the file itself holds, so that it may be killed at any moment.
 * Without ends it survives failures that may pass, once it has reached log and file.
 * @throws `csv:other_log` when the file was filled from another log; `log:made_anew`, `log:offsets_missing`
 */
export async function exportEvents(
  context: ExportJob,
  ends: readonly PartitionRange[] | null,
  signal: AbortSignal,
): Promise<ExportResult> {
  const total = { rows: 0, rejected: 0 };
  const pause = new Pause();
  let reached = false;
  for (;;) {
    const run = new ExportRun(context, ends, signal, (batch) => {
      total.rows += batch.rows;
      total.rejected += batch.rejected;
      pause.reset();
      context.onCommit?.(batch);
    });
    try {
      const { rows, rejected } = await run.toEnd(() => {
        reached = true;
      });
      return { ...total, totalRows: rows, totalRejected: rejected, stopped: signal.aborted };
    } catch (error) {
      if (ends !== null || !reached || signal.aborted || !mayPass(error)) throw error;
      const pauseMs = pause.next();
      context.onFailure?.(error, pauseMs);
      await sleep(pauseMs, undefined, { signal }).catch(() => {});
    } finally {
      await run.close();
    }
  }
}

/** From opening the file to the end, or to a failure. */
class ExportRun {
  readonly #context: ExportJob;
  readonly #ends: readonly PartitionRange[] | null;
  readonly #signal: AbortSignal;
  readonly #onCommit: (batch: ExportedBatch) => void;
  #reader: LogReader | null = null;
  #batch: EngineBatch | null = null;
  #began = 0;
  #position: ExportPosition = { log: '', next: new Map(), rows: 0, rejected: 0 };

  constructor(
    context: ExportJob,
    ends: readonly PartitionRange[] | null,
    signal: AbortSignal,
    onCommit: (batch: ExportedBatch) => void,
  ) {
    this.#context = context;
    this.#ends = ends;
    this.#signal = signal;
    this.#onCommit = onCommit;
  }

  async toEnd(onReached: () => void): Promise<ExportPosition> {
    const { dataset, log, file } = this.#context;
    const { id } = await log.open();
    this.#position = await file.open(id);
    if (this.#position.log !== id) throw otherLog(file, log);
    onReached();
    while (!this.#signal.aborted && !this.#covers(this.#position.next)) {
      this.#reader ??= await log.reader({
        position: async (partition) => this.#position.next.get(partitionId(partition)) ?? null,
        parts: recordParts(dataset),
      });
      const records = await this.#reader.poll(POLL_MS);
      this.#context.onTurn?.();
      if (records) await this.#take(records);
      if (this.#isFull()) await this.#commit();
    }
    await this.#commit();
    return this.#position;
  }

  async close(): Promise<void> {
    await this.#reader?.close();
    await this.#batch?.discard();
    await this.#context.file.close();
  }

  #covers(next: ReadonlyMap<string, bigint>): boolean {
    if (this.#ends === null) return false;
    return this.#ends.every(
      (range) => range.start === range.end || (next.get(partitionId(range)) ?? 0n) >= range.end,
    );
  }

  async #take(records: RecordBatch): Promise<void> {
    if (!this.#batch) {
      this.#batch = await this.#context.engine.batch(this.#context.dataset);
      this.#began = performance.now();
    }
    await this.#batch.add(records, records.from);
  }

  #isFull(): boolean {
    const batch = this.#batch;
    if (!batch) return false;
    if (batch.rows >= BATCH_ROWS || batch.bytes >= BATCH_BYTES) return true;
    if (performance.now() - this.#began >= BATCH_MS) return true;
    return this.#covers(new Map([...this.#position.next, ...batch.next]));
  }

  async #commit(): Promise<void> {
    const batch = this.#batch;
    if (!batch) return;
    const { dataset, log, file, engine } = this.#context;
    const began = performance.now();
    const { path, rows: written } = await engine.csv(dataset, batch);
    // The batch belongs to the log that it was read from, which may have been deleted and made again
    // meanwhile.
    if ((await log.id()) !== this.#position.log) throw otherLog(file, log);
    const rejected = batch.rows - written;
    const position = {
      log: this.#position.log,
      next: new Map([...this.#position.next, ...batch.next]),
      rows: this.#position.rows + written,
      rejected: this.#position.rejected + rejected,
    };
    await file.append(written > 0 ? path : null, position);
    this.#position = position;
    this.#batch = null;
    await batch.discard();
    if (batch.rows > 0)
      this.#onCommit({ rows: written, rejected, seconds: (performance.now() - began) / 1000 });
  }
}

/** The columns of an exported file. */
export function exportColumns({ columns }: Dataset): string[] {
  return [...columns.map(({ name }) => name), 'log_partition', 'log_offset'];
}

function otherLog(file: EventFile, log: EventLog): EventlakeError {
  return new EventlakeError(
    'csv:other_log',
    `${file.description} was filled from another log than ${log.description}, which was perhaps deleted and made again`,
    {
      hint: 'Move the file and its .position.json away, or name another one with --csv, to export this log.',
    },
  );
}
