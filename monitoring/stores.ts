import { statfs } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EventLog } from '../core/contracts.ts';
import { lagOf, type PartitionLag, sizesOf, type TableSize } from '../inspection/status.ts';
import type { DeltaTable } from '../lake/table.ts';
import type { ArchiveTables } from '../processing/positions.ts';

/** Answers are good for so long. */
const FRESH_MS = 1000;
/** A store that takes longer counts as out of reach, so that a request gets an answer. */
const PATIENCE_MS = 5000;

/** The stores that are looked at. */
export interface StoresContext {
  readonly log: EventLog;
  readonly tables: ArchiveTables;
  readonly profiles: DeltaTable | null;
  /** Folder whose disk is measured. */
  readonly home: string;
}

/** A store, and why it did not answer; null when it did. */
type Answers = Record<'log' | 'lake', string | null>;

/**
 * What the stores say of themselves, asked only when somebody wants to know. Keeps the last answer of a store
 * that is out of reach.
 */
export class Stores {
  readonly #context: StoresContext;
  #asked = Number.NEGATIVE_INFINITY;
  #asking: Promise<void> | null = null;
  #waitingFor: keyof Answers = 'lake';
  lag: readonly PartitionLag[] = [];
  tables: readonly TableSize[] = [];
  disk = { free: 0, size: 0 };
  readonly answers: Answers = { log: 'not asked yet', lake: 'not asked yet' };

  constructor(context: StoresContext) {
    this.#context = context;
  }

  /** Asks all stores; comes back within a few seconds, and never fails. */
  async look(): Promise<void> {
    if (performance.now() - this.#asked < FRESH_MS) return;
    const inTime = new AbortController();
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = null;
    });
    const late = sleep(PATIENCE_MS, true, { signal: inTime.signal, ref: false }).catch(() => false);
    if (await Promise.race([this.#asking, late])) {
      this.answers[this.#waitingFor] = `no answer within ${PATIENCE_MS / 1000} s`;
    }
    inTime.abort();
  }

  async #ask(): Promise<void> {
    const { log, tables, profiles, home } = this.#context;
    const { bavail, blocks, bsize } = await statfs(home).catch(() => ({ bavail: 0, blocks: 0, bsize: 0 }));
    this.disk = { free: bavail * bsize, size: blocks * bsize };
    const all = [tables.events, tables.rejected, ...(profiles ? [profiles] : [])];
    await this.#answer('lake', async () => {
      this.tables = await sizesOf(all);
    });
    // How far the log has been archived is in the lake.
    if (this.answers.lake === null) {
      await this.#answer('log', async () => {
        this.lag = await lagOf(log, tables);
      });
    }
    this.#asked = performance.now();
  }

  async #answer(store: keyof Answers, ask: () => Promise<void>): Promise<void> {
    this.#waitingFor = store;
    try {
      await ask();
      this.answers[store] = null;
    } catch (error) {
      this.answers[store] = error instanceof Error ? error.message : String(error);
    }
  }
}
