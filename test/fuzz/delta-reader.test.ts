import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DuckDbCheckpoints } from '../../adapters/duckdb/checkpoint-format.ts';
import { DuckDbSession } from '../../adapters/duckdb/sql-session.ts';
import { FileObjectStore } from '../../adapters/folder/object-store.ts';
import type { ObjectStore } from '../../core/contracts.ts';
import type { SqlSession } from '../../core/engine.ts';
import { EventlakeError } from '../../core/errors.ts';
import { Checkpoints } from '../../lake/checkpoint.ts';
import type { Snapshot } from '../../lake/snapshot.ts';
import { DeltaTable } from '../../lake/table.ts';
import { append, someFile } from '../lake/model.ts';

const TABLE = 'electronics/events';
const RUNS = Number(process.env.FUZZ_RUNS ?? 100);
const SEED = Number(process.env.FUZZ_SEED ?? 8);

let folder: string;
let sql: SqlSession;
let checkpoints: Checkpoints;
let written: Snapshot;
/** The table's log: twelve commits, a checkpoint and the hint to it. */
let log: Files;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fuzz-'));
  sql = await DuckDbSession.open({ temporary: folder, memoryMb: 200, threads: 1 });
  checkpoints = new Checkpoints(new DuckDbCheckpoints(sql), join(folder, 'scratch'));
  const table = new DeltaTable(new FileObjectStore(join(folder, 'store')), TABLE, { checkpoints });
  written = await table.commit(append(null, { add: [await someFile(folder, 1)] }));
  while (written.version < 11n) {
    const n = Number(written.version) + 1;
    const change = {
      add: [await someFile(folder, n, n % 2 === 0 ? null : `it's "${n}" ä/%`), await someFile(folder, 1)],
      remove: n === 4 ? 'all' : 'none',
      txns: new Map([[`log/events/${n % 2}`, 9223372036854775000n + BigInt(n)]]),
    } as const;
    written = await table.commit(append(written, change));
  }
  const files = join(folder, 'store', TABLE, '_delta_log');
  log = new Map(
    await Promise.all(
      (await readdir(files)).map(
        async (name) => [`${TABLE}/_delta_log/${name}`, await readFile(join(files, name))] as const,
      ),
    ),
  );
}, 60_000);
afterAll(async () => {
  await sql.close();
  await rm(folder, { recursive: true, force: true });
});

/** Objects by key. */
type Files = ReadonlyMap<string, Buffer<ArrayBuffer>>;

/** One change of a file, of which `at`, `by` and `value` choose the place and the content. */
interface Mutation {
  readonly kind: 'cut' | 'flip' | 'swap' | 'duplicate' | 'drop' | 'retype' | 'delete' | 'insert';
  readonly at: number;
  readonly by: number;
  readonly value: unknown;
}
const VALUES = [
  null,
  -1,
  1.5,
  2 ** 60,
  1e300,
  '',
  '%',
  '../x',
  '{"numRecords":-1}',
  'null',
  [],
  {},
  true,
  [null],
];
const mutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom('cut', 'flip', 'swap', 'duplicate', 'drop', 'retype', 'delete', 'insert'),
  at: fc.nat(),
  by: fc.nat(),
  value: fc.oneof(fc.constantFrom(...VALUES), fc.jsonValue({ maxDepth: 2 })),
});

function mutated(body: Buffer<ArrayBuffer>, { kind, at, by, value }: Mutation): Buffer<ArrayBuffer> {
  const position = at % Math.max(1, body.length);
  if (kind === 'cut') return body.subarray(0, position);
  if (kind === 'insert') {
    return Buffer.concat([
      body.subarray(0, position),
      Buffer.from(JSON.stringify(value)),
      body.subarray(position),
    ]);
  }
  if (kind === 'flip') {
    const copy = Buffer.from(body);
    if (body.length > 0) copy.writeUInt8((body[position] ?? 0) ^ (1 << (by % 8)), position);
    return copy;
  }
  const lines = body.toString('latin1').split('\n');
  const [i, j] = [at % lines.length, by % lines.length];
  const [a = '', b = ''] = [lines[i], lines[j]];
  if (kind === 'swap') [lines[i], lines[j]] = [b, a];
  else if (kind === 'duplicate') lines.splice(j, 0, a);
  else if (kind === 'drop') lines.splice(i, 1);
  else lines[i] = withField(a, by, kind === 'delete' ? undefined : value);
  return Buffer.from(lines.join('\n'), 'latin1');
}

/**
 * The JSON of the line with another value, or without one, at one of its places; the line itself where it is
 * no JSON.
 */
function withField(line: string, by: number, value: unknown): string {
  let root: unknown;
  try {
    root = JSON.parse(line);
  } catch {
    return line;
  }
  const places: [Record<string, unknown>, string][] = [];
  const visit = (node: unknown) => {
    if (typeof node !== 'object' || node === null) return;
    for (const [name, child] of Object.entries(node)) {
      places.push([node as Record<string, unknown>, name]);
      visit(child);
    }
  };
  visit(root);
  const place = places[by % Math.max(1, places.length)];
  if (place) place[0][place[1]] = value;
  return JSON.stringify(root);
}

/** The log in memory, without what has changed. Reads only; a checkpoint that is repaired goes nowhere. */
function storeOf(files: Files): ObjectStore {
  return {
    description: 'memory',
    get: async (key) => {
      const body = files.get(key);
      if (body) return body;
      throw new EventlakeError('object:missing', key);
    },
    list: async function* (prefix, after = '') {
      for (const [key, body] of [...files].toSorted(([a], [b]) => (a < b ? -1 : 1)))
        if (key.startsWith(prefix) && key > after) yield { key, bytes: body.length, modified: new Date(0) };
    },
    pathOf: () => null,
    putFile: async () => {},
    putIfAbsent: async () => true,
    put: async () => {},
    getFile: async () => {},
    delete: async () => {},
    close: async () => {},
  };
}

const plain = ({ commitId: _, metaData, files, tombstones, ...rest }: Snapshot) => ({
  ...rest,
  metaData: { id: metaData.id, schemaString: metaData.schemaString },
  files: new Map(files.map((file) => [file.path, file])),
  tombstones: new Set(tombstones),
});

/** What a reader makes of these files: a table; null for an error, which must have a code. */
async function read(files: Files): Promise<Snapshot | null> {
  const table = new DeltaTable(storeOf(files), TABLE, { checkpoints });
  const snapshot = await orCoded(table.snapshot());
  await orCoded(table.commits(20));
  return snapshot;
}

async function orCoded<T>(result: Promise<T>): Promise<T | null> {
  try {
    return await result;
  } catch (error) {
    if (error instanceof EventlakeError && error.code.startsWith('lake:')) return null;
    throw error;
  }
}

/** Then every commit counts. */
const withoutCheckpoint = (files: Files) => new Map([...files].filter(([key]) => key.endsWith('.json')));

const fuzzed = fc.record({ file: fc.nat(), mutation });

test('one change of a log leads to the same table or to an error with a code', async () => {
  let tables = 0;
  await fc.assert(
    fc.asyncProperty(fuzzed, fc.boolean(), async ({ file, mutation }, short) => {
      const files = short ? withoutCheckpoint(log) : new Map(log);
      const key = [...files.keys()][file % files.size] ?? '';
      const found = await read(files.set(key, mutated(log.get(key) ?? Buffer.alloc(0), mutation)));
      if (found === null) return;
      tables += 1;
      expect(plain(found)).toEqual(plain(written));
    }),
    { numRuns: RUNS, seed: SEED },
  );
  expect(tables).toBeGreaterThan(0);
});

test('after any damage to a log that has no checksums, errors have codes', async () => {
  const bare = new Map(
    [...log].map(([key, body]) => [
      key,
      Buffer.from(body.toString('latin1').replaceAll('eventlake.', 'somebody..'), 'latin1'),
    ]),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(fuzzed, { minLength: 1, maxLength: 4 }),
      fc.boolean(),
      async (changes, short) => {
        const files = short ? withoutCheckpoint(bare) : new Map(bare);
        for (const { file, mutation } of changes) {
          const key = [...files.keys()][file % files.size] ?? '';
          files.set(key, mutated(files.get(key) ?? Buffer.alloc(0), mutation));
        }
        await read(files);
      },
    ),
    { numRuns: RUNS, seed: SEED },
  );
});
