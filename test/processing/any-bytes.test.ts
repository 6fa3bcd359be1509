import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Dataset } from '../../core/dataset.ts';
import { archive } from '../../processing/archive.ts';
import { append, datasetOf, event, Workplace } from './fixtures.ts';

let place: Workplace;
beforeAll(async () => {
  place = await Workplace.create();
});
afterAll(() => place.remove());

const dataset: Dataset = datasetOf(
  'name: s, type: string, allowed: [a, "", b]',
  'name: i, type: int64, min: -5, max: "9000000000000000000"',
  'name: d, type: double, min: -1.5',
  'name: c, type: "decimal(38,10)", min: 0, max: 1000',
  'name: e, type: "decimal(38,38)"',
  'name: b, type: boolean',
  'name: t, type: date, format: "%d.%m.%Y"',
  'name: u, type: timestamp, format: "%Y-%m-%dT%H:%M:%S.%f%z"',
  'name: v, type: timestamp, format: "%Y-%m-%d %H:%M:%S UTC"',
  'name: w, type: date',
);

const number = fc.oneof(
  fc.bigInt().map(String),
  fc.double().map(String),
  fc.stringMatching(/^-?[0-9]{1,45}(\.[0-9]{1,45})?([eE][+-]?[0-9]{1,4})?$/),
  fc.constantFrom(
    '9223372036854775808',
    '-0',
    '1e309',
    '1e-400',
    `${'9'.repeat(38)}`,
    `0.${'9'.repeat(38)}`,
    'NaN',
    '-Infinity',
  ),
);
const time = fc.oneof(
  fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  fc.stringMatching(
    /^[0-9]{1,5}-[0-9]{1,2}-[0-9]{1,2}([T ][0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(\.[0-9]{1,7})?(Z| UTC|[+-][0-9]{2}(:?[0-9]{2})?)?)?$/,
  ),
  fc.stringMatching(/^[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{1,5}$/),
  fc.constantFrom('infinity', '-infinity', 'epoch', 'now', '', ' '),
);
const written = fc.oneof(
  number,
  number.map((text) => JSON.stringify(text)),
  time.map((text) => JSON.stringify(text)),
  fc.string({ unit: 'binary' }).map((text) => JSON.stringify(text)),
  fc.jsonValue().map((value) => JSON.stringify(value)),
  fc.constantFrom('"a"', 'true', '"true"', 'null', '[', '{"a":', '"\\ud800"', '"\\u0000"', '"\t"', ''),
);
const fields = fc.dictionary(fc.constantFrom(...dataset.columns.map(({ name }) => name), 'x'), written).map(
  (values) =>
    `{${Object.entries({ ts: '"2020-01-01"', k: '"a"', ...values })
      .map(([name, json]) => `"${name}":${json}`)
      .join()}}`,
);
const value = fc.oneof(
  { weight: 6, arbitrary: fields.map((text) => Buffer.from(text)) },
  { weight: 2, arbitrary: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)) },
  fc.tuple(fields, fc.nat(), fc.nat({ max: 255 })).map(([text, at, byte]) => {
    const bytes = Buffer.from(text);
    bytes[at % bytes.length] = byte;
    return bytes;
  }),
  fc.constant(Buffer.from(event('a'))),
  fc.constantFrom(Buffer.alloc(1_000_000, '\t'), Buffer.alloc(1_000_000, 0xc3), Buffer.alloc(0)),
);

test('any bytes of a value become either an event or a rejected row with a reason', async () => {
  const reasons = new Set<string>();
  const property = fc.asyncProperty(
    fc.array(value, { minLength: 1, maxLength: 60 }),
    fc.array(fc.string({ unit: 'binary' }), { maxLength: 5 }),
    async (values, letters) => {
      const log = place.log(1);
      await append(
        log,
        values.map((bytes) => [0, bytes] as const),
        letters,
      );
      const context = place.archiveContext(dataset, log);
      await archive(context, { ends: log.ranges() });
      const [events, rejected] = [
        await place.rows(context.tables.events, 'log_offset'),
        await place.rows(context.tables.rejected, 'log_offset'),
      ];
      const ofEvents = rejected.filter(({ reason }) => !String(reason).startsWith('line:'));
      const offsets = [...events, ...ofEvents]
        .map(({ log_offset }) => Number(log_offset))
        .sort((a, b) => a - b);
      expect(offsets).toEqual(values.map((_, i) => i));
      expect(rejected.length - ofEvents.length).toBe(letters.length);
      for (const { reason, payload, log_offset } of ofEvents) {
        expect(reason).toMatch(/^(value|ts|k|[a-z]):[a-z0-9_]+$/);
        const bytes = values[Number(log_offset)] ?? Buffer.alloc(0);
        if (String(payload).startsWith('base64:'))
          expect(Buffer.from(String(payload).slice(7), 'base64')).toEqual(bytes.subarray(0, 12_000));
        else expect([...String(payload)]).toEqual([...bytes.toString()].slice(0, 16_384));
        reasons.add(String(reason).split(':')[1] ?? '');
      }
      for (const { s, i, c } of events) {
        if (s !== null) expect(['a', 'b']).toContain(s);
        if (i !== null)
          expect(BigInt(String(i)) >= -5n && BigInt(String(i)) <= 9000000000000000000n).toBe(true);
        if (c !== null) expect(Number(c) >= 0 && Number(c) <= 1000).toBe(true);
      }
    },
  );
  await fc.assert(property, { numRuns: 15 });
  // What is drawn is varied enough to mean something.
  expect(reasons.size).toBeGreaterThan(5);
}, 60_000);
