import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { setLogLevel } from '../../cli/output.ts';
import { runWholeJob } from '../../cli/run.ts';
import { openDashboard } from '../../cli/serve-dashboard.ts';
import { openSession } from '../../cli/session.ts';
import { hasCode } from '../../core/errors.ts';

const numRuns = Number(process.env.FUZZ_RUNS ?? 40);
const seed = Number(process.env.FUZZ_SEED ?? 3);
const environment = { ...process.env };

let folder: string;
let homes = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'contract-fuzz-'));
});
afterAll(async () => {
  process.env = environment;
  await rm(folder, { recursive: true });
});

const LETTERS = 'a A b B c d f g G H I j m M n p S T u U V w W x X y Y z Z % -d -m -H q'.split(' ');
const format = fc.oneof(
  fc.constantFrom('epoch_s', 'epoch_ms', 'epoch_us', '%Y-%m-%d %H:%M:%S.%n', '%Y-%m-%d %H:%M:%S.%f%z'),
  fc
    .array(
      fc.oneof(
        fc.constantFrom(...LETTERS).map((letter) => `%${letter}`),
        fc.constantFrom(' ', '-', "'", 'é'),
      ),
      {
        maxLength: 6,
      },
    )
    .map((parts) => `%Y${parts.join('')}`),
);
const from = fc.oneof(
  fc.constantFrom(
    'Customer ID',
    'order',
    '7',
    '__proto__',
    'a.b',
    '$',
    '/',
    "it's",
    '"q"',
    '{}',
    'é',
    'X',
    'x',
    'a\tb',
  ),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 6 }),
);
const limit = fc.constantFrom('0', '-1.5', '100', '9223372036854775807', '1e3', 99.5);
const option = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 3 });
const type = fc.constantFrom(
  'string',
  'int64',
  'double',
  'boolean',
  'date',
  'timestamp',
  'json',
  'decimal(12,2)',
  'decimal(38,38)',
  'decimal(1,0)',
);
/** Mostly what fits the type, so that most contracts are taken. */
const column = fc
  .tuple(type, fc.boolean(), from, format, limit, limit, fc.integer({ min: 0, max: 9 }))
  .chain(([kind, required, name, form, min, max, wrong]) => {
    const numeric = /int64|double|decimal/.test(kind);
    const timed = kind === 'timestamp' || kind === 'date';
    return fc.record(
      {
        type: fc.constant(kind),
        required: fc.constant(required && wrong < 5),
        from: option(fc.constant(name)),
        format: timed || wrong === 0 ? option(fc.constant(form)) : fc.constant(undefined),
        min: numeric || wrong === 0 ? option(fc.constant(min)) : fc.constant(undefined),
        max: numeric || wrong === 0 ? option(fc.constant(max)) : fc.constant(undefined),
        zeroDecimals: kind === 'int64' ? option(fc.boolean()) : fc.constant(undefined),
        precision: kind === 'timestamp' ? option(fc.constant('cut')) : fc.constant(undefined),
        allowed:
          kind === 'string'
            ? option(
                fc.array(fc.oneof(fc.constantFrom('a', "it's", '1'), fc.string({ unit: 'binary' })), {
                  minLength: 1,
                  maxLength: 3,
                }),
              )
            : fc.constant(undefined),
      },
      { noNullPrototype: true },
    );
  });
const cell = fc.oneof(
  fc.constantFrom(
    '',
    '1',
    '-1',
    '1.50',
    '17850.0',
    '9223372036854775808',
    '1e400',
    'NaN',
    'true',
    'null',
    'a',
    "it's",
    '{"a":[1]}',
    '[]',
    '"',
    '\\',
    '2024-01-02',
    '2024-01-02T03:04:05.123456789Z',
    '2024-01-02 03:04:05.123456789',
    '1433221332117',
    'infinity',
    'epoch',
    '0000-00-00',
    '10000-01-01',
    '2024',
    '2024-060',
    '99999999999999999999999999999999999999',
  ),
  fc.string({ unit: 'binary', maxLength: 8 }),
);

/** For the column of times: in formats that are tried often, so that rows get beyond it. */
const moment = fc.constantFrom(
  '2024-01-02 03:04:05',
  '2024-01-02 03:04:05.123456789',
  '1433221332117',
  '2024',
);

const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;

test('no contract and no row leads to a fault of the program: it is refused at once, or the audit balances', async () => {
  const input = fc.record({
    names: fc.uniqueArray(fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/), { minLength: 5, maxLength: 5 }),
    columns: fc.array(column, { minLength: 1, maxLength: 4 }),
    key: fc.nat(),
    time: fc.option(format, { nil: undefined }),
    rows: fc.array(fc.tuple(moment, cell, cell, cell, cell), { maxLength: 8 }),
  });
  let taken = 0;
  await fc.assert(
    fc.asyncProperty(input, async ({ names, columns, key, time, rows }) => {
      const all = [{ type: 'timestamp', required: true, format: time }, ...columns].map((c, i) => ({
        name: names[i],
        ...c,
      }));
      const headers = all.map((c) => ('from' in c && c.from !== undefined ? c.from : c.name) ?? '');
      const lines = rows.map((row) => row.slice(0, all.length));
      if (
        await balances({ name: 'fuzzed', key: names[key % all.length], time: names[0], columns: all }, [
          headers,
          ...lines,
        ])
      )
        taken += 1;
    }),
    { numRuns, seed },
  );
  expect(taken).toBeGreaterThan(0);
});

/** Runs the file through the pipeline and asks the dashboard. False when the contract is refused. */
async function balances(dataset: object, lines: readonly string[][]): Promise<boolean> {
  const home = join(folder, String(homes++));
  await mkdir(join(home, 'datasets', 'fuzzed'), { recursive: true });
  await writeFile(join(home, 'datasets', 'fuzzed', 'dataset.yml'), JSON.stringify(dataset));
  const file = join(home, 'fuzzed.csv');
  await writeFile(file, `${lines.map((line) => line.map(quoted).join(',')).join('\n')}\n`);
  process.env.EVENTLAKE_HOME = join(home, 'home');
  process.env.EVENTLAKE_DATASETS = join(home, 'datasets');
  try {
    const session = await openSession('fuzzed', { embedded: true }, 'write');
    setLogLevel('silent');
    try {
      const { audit } = await runWholeJob(
        session,
        { file: [file], complete: true, batchSize: 1000 },
        new AbortController(),
      );
      expect(audit).toMatchObject({ balanced: true, file: { rows: lines.length - 1 } });
    } finally {
      await session.close();
    }
    const looking = await openSession('fuzzed', { embedded: true }, 'look');
    const dashboard = await openDashboard(looking, '127.0.0.1', { page: join(home, 'none') });
    try {
      for (const url of ['/api/audit', '/api/overview', '/api/lake', '/api/entities']) {
        const { statusCode, body } = await dashboard.server.inject({ url });
        expect({ url, body, fault: statusCode >= 500 && statusCode !== 503 }).toMatchObject({ fault: false });
      }
    } finally {
      await dashboard.close();
      await looking.close();
    }
    return true;
  } catch (error) {
    if (!hasCode(error, 'dataset:invalid')) throw error;
    return false;
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}
