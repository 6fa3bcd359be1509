import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DuckDbCheckpoints } from '../../adapters/duckdb/checkpoint-format.ts';
import { DuckDbSession } from '../../adapters/duckdb/sql-session.ts';
import { FileObjectStore } from '../../adapters/folder/object-store.ts';
import type { SqlSession } from '../../core/engine.ts';
import { Checkpoints } from '../../lake/checkpoint.ts';
import type { Snapshot } from '../../lake/snapshot.ts';
import { DeltaTable, type TableOptions } from '../../lake/table.ts';
import { append, dataFiles, someFile } from './model.ts';

let folder: string;
let sql: SqlSession;
let checkpoints: Checkpoints;
let count = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lake-'));
  sql = await DuckDbSession.open({ temporary: folder, memoryMb: 200, threads: 1 });
  checkpoints = new Checkpoints(new DuckDbCheckpoints(sql), join(folder, 'scratch'));
});
afterAll(async () => {
  await sql.close();
  await rm(folder, { recursive: true, force: true });
});

/** One step of one of three writers, which keep their own, possibly old, snapshots. */
interface Step {
  readonly writer: number;
  readonly act: 'read' | 'append' | 'replace' | 'crash';
  readonly rows: readonly number[];
  readonly app: number | null;
  readonly advance: bigint;
}

const step: fc.Arbitrary<Step> = fc.record({
  writer: fc.nat(2),
  act: fc.constantFrom('read', 'append', 'append', 'append', 'replace', 'crash'),
  rows: fc.array(fc.integer({ min: 1, max: 1000 }), { maxLength: 3 }),
  app: fc.option(fc.nat(2)),
  advance: fc.bigInt(0n, 1n << 50n),
});

/**
 * What a table is, without a log: the rows of its files, how far each application is, and how often its files
 * have changed.
 */
interface Model {
  readonly version: bigint;
  readonly files: readonly number[];
  readonly txns: ReadonlyMap<string, bigint>;
  readonly changes: number;
}

const NOTHING: Model = { version: -1n, files: [], txns: new Map(), changes: 0 };

const shape = (snapshot: Snapshot | null) =>
  snapshot && {
    version: snapshot.version,
    files: snapshot.files.map(({ rows }) => rows).toSorted((a, b) => a - b),
    txns: new Map([...snapshot.txns].toSorted()),
  };

function after(
  now: Model,
  rows: readonly number[],
  replace: boolean,
  txns: ReadonlyMap<string, bigint>,
): Model {
  const kept = replace ? [] : now.files;
  const changed = rows.length > 0 || kept.length < now.files.length;
  return {
    version: now.version + 1n,
    files: [...kept, ...rows].toSorted((a, b) => a - b),
    txns: new Map([...new Map([...now.txns, ...txns])].toSorted()),
    changes: now.changes + (changed ? 1 : 0),
  };
}

async function play(steps: readonly Step[], options: TableOptions): Promise<void> {
  const store = new FileObjectStore(join(folder, 'store'));
  const dying = Object.assign(new FileObjectStore(join(folder, 'store')), {
    putIfAbsent: () => Promise.reject(new Error('killed')),
  });
  const path = `t${count++}`;
  const writers = [0, 1, 2].map(() => ({
    table: new DeltaTable(store, path, options),
    base: null as Snapshot | null,
  }));
  const versions: Model[] = [];
  let stored = 0;
  for (const { writer, act, rows, app, advance } of steps) {
    const now = versions.at(-1) ?? NOTHING;
    const me = writers[writer] as (typeof writers)[0];
    if (act === 'read') {
      me.base = await me.table.snapshot();
      expect(me.base?.version ?? -1n).toBe(now.version);
      continue;
    }
    const then = versions[Number(me.base?.version ?? -1n)] ?? NOTHING;
    const replace = act === 'replace';
    const txns = new Map(app === null ? [] : [[`app/${app}`, (then.txns.get(`app/${app}`) ?? 0n) + advance]]);
    const add = await Promise.all(rows.map((n) => someFile(folder, n)));
    const request = append(me.base, { add, txns, remove: replace ? 'all' : 'none' });
    if (act === 'crash') {
      await expect(new DeltaTable(dying, path, options).commit(request)).rejects.toThrow('killed');
      stored += rows.length;
      continue;
    }
    const moved = [...txns.keys()].some((id) => now.txns.get(id) !== then.txns.get(id));
    // Replacing nothing by something is no conflict while there is nothing, also when files came and went in
    // between.
    const bothEmpty = now.files.length === 0 && then.files.length === 0;
    const madeMeanwhile = then === NOTHING && now !== NOTHING;
    if (moved || madeMeanwhile || (replace && now.changes !== then.changes && !bothEmpty)) {
      await expect(me.table.commit(request)).rejects.toMatchObject({ code: 'lake:superseded' });
      continue;
    }
    me.base = await me.table.commit(request);
    stored += rows.length;
    versions.push(after(now, rows, replace, txns));
    expect(shape(me.base)).toEqual(shapeOf(versions.at(-1)));
  }
  expect(await dataFiles(store, path)).toHaveLength(stored);
  for (const [version, model] of versions.entries()) {
    const read = await new DeltaTable(store, path, options).snapshot(BigInt(version));
    expect(shape(read)).toEqual(shapeOf(model));
  }
  expect(shape(await new DeltaTable(store, path).snapshot())).toEqual(shapeOf(versions.at(-1)));
}

function shapeOf(model: Model | undefined) {
  return model === undefined ? null : { version: model.version, files: model.files, txns: model.txns };
}

test.each([
  ['with checkpoints', true],
  ['without checkpoints', false],
])(
  'after any commits of three writers with old snapshots, the table is what a simple model says: %s',
  async (_, useThem) => {
    const warn = (warning: Error) => {
      throw warning;
    };
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), (steps) =>
        play(steps, useThem ? { checkpoints, warn } : {}),
      ),
      { numRuns: 25 },
    );
  },
  60_000,
);
