import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { python } from '../oracle/compare.ts';
import { datasetOf, event, Workplace } from '../processing/fixtures.ts';

type Case = readonly [kind: string, written: string];

let place: Workplace;
beforeAll(async () => {
  place = await Workplace.create();
});
afterAll(() => place.remove());

const EPOCHS = ['epoch_s', 'epoch_ms', 'epoch_us'];
/** The ends of the years 1 to 9999 in each unit, and of 64 bits. */
const EDGES = [-62_135_596_800n, 253_402_300_799n].flatMap((n) => [n, n * 1_000n, n * 1_000_000n]);
const whole = fc.oneof(
  fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }),
  fc
    .tuple(fc.constantFrom(...EDGES), fc.integer({ min: -2, max: 1_000_001 }))
    .map(([edge, n]) => edge + BigInt(n)),
  fc.integer({ min: -2_000_000_000, max: 2_000_000_000 }).map(BigInt),
);
const epoch = fc.oneof(
  whole.map(String),
  whole.map((n) => JSON.stringify(String(n))),
  fc.constantFrom('true', '[1]', '{}', 'null', '""', '1.5', '1e9', '"1.0"', '" 1"', '"+1"', '"0x1"', '"-"'),
);
/** Values written as JSON, some of them damaged by one character more or less. */
const json = fc
  .tuple(fc.json({ maxDepth: 3 }), fc.nat(), fc.constantFrom('', '', ',', ']', '"', ' ', 'NaN', '1'))
  .map(([text, at, more]) => {
    const place = at % (text.length + 1);
    return JSON.stringify(more === '' ? text : text.slice(0, place) + more + text.slice(place));
  });
/** Times near ISO 8601, with any number of digits of a second. */
const iso = fc
  .tuple(
    fc.constantFrom('2020-02-29', '1969-12-31', '0001-01-01', '9999-12-31', '2021-02-29', '2020-2-9'),
    fc.constantFrom('T12:34:56', ' 23:59:59', 'T00:00:00', 'T25:00:00', 'T12:34', ''),
    fc.stringMatching(/^(\.[0-9]{0,9}0{0,8})?$/),
    fc.constantFrom('Z', '', '+02', '-0030', '+01:30', ' Z', '+2'),
  )
  .map((parts) => JSON.stringify(parts.join('')));
/** Whole numbers, some with decimals. */
const decimals = fc
  .tuple(whole, fc.constantFrom('', '.0', '.000', '.', '.5', '.00001', '.0 ', 'e0', '.0.0'))
  .map(([n, more]) => JSON.stringify(`${n}${more}`));

/** The column of each kind. */
const COLUMNS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(EPOCHS.map((format) => [format, `type: timestamp, format: ${format}`])),
  iso: 'type: timestamp',
  iso_cut: 'type: timestamp, precision: cut',
  whole: 'type: int64',
  whole_zero_decimals: 'type: int64, zeroDecimals: true',
  json: 'type: json',
};

test('times since 1970, times in ISO 8601, whole numbers and JSON become what an independent reading says', async () => {
  const cases = fc.sample(
    fc.oneof(
      fc.tuple(fc.constantFrom(...EPOCHS), epoch),
      json.map((written): Case => ['json', written]),
      fc.tuple(fc.constantFrom('iso', 'iso_cut'), iso),
      fc.tuple(fc.constantFrom('whole', 'whole_zero_decimals'), decimals),
    ),
    { numRuns: 6000, seed: 11 },
  ) as Case[];
  const said: (string | null)[] = JSON.parse(
    execFileSync(python(), [join(import.meta.dirname, '../oracle/column_kinds.py')], {
      input: JSON.stringify(cases),
      encoding: 'utf8',
    }),
  );
  for (const [kind, column] of Object.entries(COLUMNS)) {
    const own = cases.map(([k, written], i) => ({ k, written, says: said[i] })).filter(({ k }) => k === kind);
    const rows = await place.check(
      datasetOf(`name: n, ${column}`),
      own.map(({ written }) => event('a', `"n":${written}`)),
    );
    const found = rows.map(({ reason, n }) => {
      if (reason !== null) return String(reason).replace(/^n:(.*)$/, '[$1]');
      if (n === null || kind === 'json') return n;
      return column.includes('timestamp') ? microseconds(String(n)) : String(n);
    });
    expect(own.map(({ written }, i) => [written, found[i]])).toEqual(own.map((c) => [c.written, c.says]));
    expect(own.some(({ says }) => says?.startsWith('['))).toBe(true);
  }
});

/** Microseconds since 1970 of an instant in ISO 8601, by JavaScript's own calendar. */
function microseconds(iso: string): string {
  const [, seconds = '', fraction = ''] = /^(.*?)(?:\.(\d+))?Z$/.exec(iso) ?? [];
  return String(BigInt(Date.parse(`${seconds}Z`)) * 1000n + BigInt(fraction.padEnd(6, '0')));
}
