import { createHash } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Dataset } from '../core/dataset.ts';
import type { SqlSession } from '../core/engine.ts';
import type { Row } from '../core/row.ts';
import { literal } from '../core/sql.ts';
import { eventsRelation } from '../processing/events-table.ts';
import type { OverviewRoles } from './api.ts';
import { buildFacts } from './facts-build.ts';
import { identity, type LakeView, type SeenLake } from './lake-view.ts';
import { rolesOf } from './roles.ts';

/** Facts of one version of the lake, for queries. */
export interface Facts {
  readonly roles: OverviewRoles;
  /** By table: the version that these are facts of. */
  readonly versions: Record<string, string | null>;
  /** The days of the earliest and the latest event, UTC; null when there is no event. */
  readonly days: { readonly first: string; readonly last: string } | null;
  /** Relations in the order of (entity, category) and (entity, brand). */
  readonly byCategory: string;
  readonly byBrand: string;
  rows(sql: string): Promise<Row[]>;
}

/** What facts are prepared from and with. */
export interface FactsContext {
  readonly dataset: Dataset;
  readonly view: LakeView;
  /** Answers panels. */
  readonly panels: SqlSession;
  /** Prepares facts, so that panels need not wait for it. */
  readonly builder: SqlSession;
  /** Where facts are kept. */
  readonly folder: string;
  /** Told when facts could not be prepared and older ones serve on. */
  readonly warn: (error: Error) => void;
}

interface Prepared {
  readonly key: string;
  readonly alias: string;
  readonly facts: Facts;
  users: number;
  replaced: boolean;
}

/** Raised when the layout of facts changes, so that files of another layout are not used. */
const LAYOUT = 2;
/** Facts that are out of date are served when newer ones take longer than this. */
const PATIENCE_MS = 1000;

/**
 * The newest facts, prepared once for each version of the lake and kept in a file, also for the next start.
 * While newer ones are prepared the old ones serve.
 */
export class FactsStore {
  readonly #context: FactsContext;
  #current: Prepared | null = null;
  #preparing: Promise<Prepared> | null = null;
  #count = 0;
  /** Whether somebody has asked for facts since the current ones were prepared. */
  #isAsked = true;
  /** The key of the facts of which listeners were last told. */
  #told: string | null = null;
  readonly #listeners = new Set<(versions: Facts['versions']) => void>();

  constructor(context: FactsContext) {
    this.#context = context;
  }

  /** Runs the queries over the newest facts, which stay until it has ended. */
  async use<T>(queries: (facts: Facts) => Promise<T>): Promise<T> {
    this.#isAsked = true;
    const prepared = await this.#newest();
    prepared.users += 1;
    try {
      return await queries(prepared.facts);
    } finally {
      prepared.users -= 1;
      if (prepared.replaced) await this.#release(prepared);
    }
  }

  /**
   * Prepares facts of the newest version if there are none yet. Where nobody has asked for facts since the
   * last ones, listeners are only told of the version: it costs a look at all events, and a lake that grows
   * all day has a new version every half minute.
   */
  async refresh(): Promise<void> {
    if (this.#isAsked) {
      await this.#newest();
      return;
    }
    const { view, dataset } = this.#context;
    const seen = await view.now();
    this.#tell(keyOf(seen, rolesOf(dataset, seen.profiles)), versionsOf(seen));
  }

  /**
   * Calls `listener` with the versions whenever newer facts serve, or would be prepared for who asks; the
   * result ends that.
   */
  onChange(listener: (versions: Facts['versions']) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #newest(): Promise<Prepared> {
    const { view, dataset } = this.#context;
    const seen = await view.now();
    const key = keyOf(seen, rolesOf(dataset, seen.profiles));
    if (this.#current?.key === key) return this.#current;
    this.#preparing ??= this.#prepare().finally(() => {
      this.#preparing = null;
    });
    const old = this.#current;
    if (old === null) return this.#preparing;
    const prepared = await Promise.race([
      this.#preparing.catch((error: Error) => {
        this.#context.warn(error);
        return old;
      }),
      new Promise<null>((resolve) => setTimeout(resolve, PATIENCE_MS, null).unref()),
    ]);
    return prepared ?? this.#current ?? old;
  }

  async #prepare(): Promise<Prepared> {
    const { view, dataset, panels, folder } = this.#context;
    const { key, file, roles, versions } = await view.read(async (seen) => {
      const roles = rolesOf(dataset, seen.profiles);
      const key = keyOf(seen, roles);
      return { key, roles, versions: versionsOf(seen), file: await this.#built(seen, roles, key) };
    });
    const alias = `facts_${++this.#count}`;
    await panels.run(`ATTACH ${literal(file)} AS ${alias} (READ_ONLY)`);
    const [days] = await panels.rows(
      `SELECT CAST(min(day) AS VARCHAR) AS first, CAST(max(day) AS VARCHAR) AS last FROM ${alias}.facts_by_category`,
    );
    const facts: Facts = {
      roles,
      versions,
      days: days?.first ? { first: String(days.first), last: String(days.last) } : null,
      byCategory: `${alias}.facts_by_category`,
      byBrand: `${alias}.facts_by_brand`,
      rows: (sql) => panels.rows(sql),
    };
    const prepared = { key, alias, facts, users: 0, replaced: false };
    const old = this.#current;
    this.#current = prepared;
    this.#isAsked = false;
    if (old) {
      old.replaced = true;
      await this.#release(old);
    }
    await removeOthers(folder, dataset.name, file);
    this.#told = null;
    this.#tell(key, versions);
    return prepared;
  }

  #tell(key: string, versions: Facts['versions']): void {
    if (key === this.#told) return;
    this.#told = key;
    for (const listener of this.#listeners) listener(versions);
  }

  /** The file with the facts of these tables; made unless it is there. */
  async #built(seen: SeenLake, roles: OverviewRoles, key: string): Promise<string> {
    const { dataset, view, builder, folder } = this.#context;
    const file = join(folder, `${dataset.name}-${key}.duckdb`);
    if (await isThere(file)) return file;
    await mkdir(folder, { recursive: true });
    const part = `${file}.${process.pid}.part`;
    await rm(part, { force: true });
    try {
      const [events, profiles] = [
        eventsRelation(builder, dataset, seen.events, await view.paths(seen.events)),
        seen.profiles ? await view.paths(seen.profiles) : [],
      ];
      await buildFacts(builder, { dataset, roles, events, profiles }, part);
      await rename(part, file);
    } finally {
      await rm(part, { force: true });
      await rm(`${part}.wal`, { force: true });
    }
    return file;
  }

  async #release({ alias, users }: Prepared): Promise<void> {
    if (users === 0) await this.#context.panels.run(`DETACH DATABASE IF EXISTS ${alias}`);
  }
}

function keyOf({ events, profiles }: SeenLake, roles: OverviewRoles): string {
  const tables = [events, profiles].map((table) => table && identity(table));
  return createHash('sha256')
    .update(JSON.stringify([LAYOUT, tables, roles]))
    .digest('hex')
    .slice(0, 32);
}

function versionsOf({ events, profiles }: SeenLake): Facts['versions'] {
  const tables = profiles ? [events, profiles] : [events];
  return Object.fromEntries(
    tables.map(({ name, snapshot }) => [name, snapshot ? String(snapshot.version) : null]),
  );
}

/** Removes the dataset's older facts. A process that still reads one keeps it open. */
async function removeOthers(folder: string, dataset: string, kept: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    if (/^(.*)-[0-9a-f]{32}\.duckdb$/.exec(name)?.[1] === dataset && path !== kept)
      await rm(path, { force: true });
  }
}

async function isThere(file: string): Promise<boolean> {
  return (await stat(file).catch(() => null)) !== null;
}
