import { setTimeout as sleep } from 'node:timers/promises';
import { type Dataset, EVENTS_TABLE, modelOf, REJECTED_TABLE } from '../core/dataset.ts';
import { EventlakeError } from '../core/errors.ts';
import type { LocalFiles } from '../lake/local-files.ts';
import type { Snapshot } from '../lake/snapshot.ts';
import type { DeltaTable } from '../lake/table.ts';

/** One table as it was when it was looked at; no snapshot where there is no table. */
export interface SeenTable {
  readonly name: string;
  readonly table: DeltaTable;
  readonly snapshot: Snapshot | null;
}

/**
 * A dataset's tables at one moment. `profiles`, one of `models`, is null where no model has rows of entities.
 */
export interface SeenLake {
  readonly events: SeenTable;
  readonly rejected: SeenTable;
  readonly models: readonly SeenTable[];
  readonly profiles: SeenTable | null;
}

/** A look is good for this long, so that requests which come together share one. */
const LOOK_MS = 250;
const ATTEMPTS = 4;

/**
 * The newest version of a dataset's tables. Each look opens the tables again: while the dashboard runs, a
 * reset may have put other tables in their place.
 */
export class LakeView {
  readonly files: LocalFiles;
  readonly #dataset: Dataset;
  readonly #openTable: (name: string) => DeltaTable;
  #look: { readonly at: number; readonly seen: Promise<SeenLake> } | null = null;

  constructor(dataset: Dataset, files: LocalFiles, openTable: (name: string) => DeltaTable) {
    this.files = files;
    this.#dataset = dataset;
    this.#openTable = openTable;
  }

  /** The tables now. @throws `lake:missing` when there is none. */
  async now(): Promise<SeenLake> {
    const seen = await this.nowOrNothing();
    if (tablesOf(seen).some(({ snapshot }) => snapshot)) return seen;
    throw new EventlakeError('lake:missing', `There is no lake of the dataset ${this.#dataset.name} yet`, {
      hint: `Make one: make demo DATASET=${this.#dataset.name}, or eventlake run ${this.#dataset.name}`,
    });
  }

  /** The tables now, also where there is none. */
  async nowOrNothing(): Promise<SeenLake> {
    if (this.#look === null || Date.now() - this.#look.at > LOOK_MS)
      this.#look = { at: Date.now(), seen: this.#see() };
    return this.#look.seen;
  }

  /** Makes the next request look again. */
  forget(): void {
    this.#look = null;
  }

  /** Local paths of the table's data files; none where there is no table. */
  async paths({ table, snapshot }: SeenTable): Promise<string[]> {
    return snapshot ? this.files.paths(table, snapshot) : [];
  }

  /**
   * Reads the tables. When files vanish meanwhile (the table was rewritten and cleaned up, or reset), reads
   * the newest version again.
   * @throws `lake:missing` when there is no table, `lake:changing` when files keep vanishing.
   */
  async read<T>(query: (seen: SeenLake) => Promise<T>): Promise<T> {
    return this.#read(() => this.now(), query);
  }

  /** As `read`, also where there is no table. */
  async readOrNothing<T>(query: (seen: SeenLake) => Promise<T>): Promise<T> {
    return this.#read(() => this.nowOrNothing(), query);
  }

  async #read<T>(look: () => Promise<SeenLake>, query: (seen: SeenLake) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await query(await look());
      } catch (cause) {
        if (!isVanished(cause)) throw cause;
        this.#look = null;
        if (attempt === ATTEMPTS) throw changing(cause);
        await sleep(100 * attempt);
      }
    }
  }

  async #see(): Promise<SeenLake> {
    const main = modelOf(this.#dataset)?.table;
    const [events, rejected, ...models] = await Promise.all([
      this.#seeTable(EVENTS_TABLE),
      this.#seeTable(REJECTED_TABLE),
      ...this.#dataset.models.map(({ table }) => this.#seeTable(table)),
    ]);
    return { events, rejected, models, profiles: models.find(({ name }) => name === main) ?? null };
  }

  async #seeTable(name: string): Promise<SeenTable> {
    const table = this.#openTable(name);
    return { name, table, snapshot: await table.snapshot() };
  }
}

/** All tables that the dataset may have. */
export function tablesOf({ events, rejected, models }: SeenLake): SeenTable[] {
  return [events, rejected, ...models];
}

/** Tells a version of a table from every other, also from the same number of a table that was reset. */
export function identity({ name, snapshot }: SeenTable): string {
  return `${name}/${snapshot?.metaData.id}/${snapshot?.version}`;
}

/** Whether a file was not there any more, or not whole, by the object store's word or the SQL engine's. */
function isVanished(error: unknown): boolean {
  if (error instanceof EventlakeError)
    return ['object:missing', 'lake:corrupt', 'lake:log_incomplete', 'lake:version_missing'].includes(
      error.code,
    );
  return error instanceof Error && /^(IO Error|Invalid Input Error: No magic bytes)/.test(error.message);
}

function changing(cause: unknown): EventlakeError {
  return new EventlakeError('lake:changing', 'The lake is being rewritten while it is read', {
    hint: 'Try again in a moment. If this stays, files are missing: run the audit.',
    retriable: true,
    cause,
  });
}
