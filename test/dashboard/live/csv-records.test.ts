import { expect, test } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { type CsvRecord, csvRecords } from '../../../dashboard/live/csv-records.ts';

const numRuns = Number(process.env.FUZZ_RUNS ?? 300);
const seed = Number(process.env.FUZZ_SEED ?? 14);

const text = fc.oneof(
  fc
    .array(fc.constantFrom('"', ',', '\n', '\r', '\r\n', ' ', 'a', 'é', '🌍', '""', '",'), { maxLength: 6 })
    .map((parts) => parts.join('')),
  fc.string({ unit: 'grapheme', maxLength: 8 }),
);
/** A field as a file may have it: empty, quoted where it must be, or where it need not. */
const field = fc.oneof(
  fc.constant(''),
  text.map(quoted),
  text.map((value) => (/[",\n\r]/.test(value) ? quoted(value) : value)),
);
const file = fc
  .integer({ min: 1, max: 5 })
  .chain((columns) => fc.array(fc.array(field, { minLength: columns, maxLength: columns }), { maxLength: 6 }))
  .map((records) => Buffer.from(records.map((fields) => `${fields.join(',')}\n`).join('')));

function quoted(value: string): string {
  return `"${value.replaceAll('"', '""')}"`;
}

/** The records of a whole file as csv-parse reads them, and the bytes up to the end of each. */
function independent(bytes: Buffer): CsvRecord[] {
  const options = {
    record_delimiter: '\n',
    info: true,
    relax_column_count: true,
    cast: (value: string, { quoting }: { quoting: boolean }) => (value === '' && !quoting ? null : value),
  };
  const found = parse(bytes, options) as unknown as { record: (string | null)[]; info: { bytes: number } }[];
  return found.map(({ record, info }) => ({ fields: record, end: info.bytes }));
}

test('of a file that is cut at any byte, the whole records are those of an independent parser', () => {
  fc.assert(
    fc.property(file, fc.nat(), (bytes, at) => {
      const whole = independent(bytes);
      expect([...csvRecords(bytes)]).toEqual(whole);
      const cut = at % (bytes.length + 1);
      expect([...csvRecords(bytes.subarray(0, cut))]).toEqual(whole.filter(({ end }) => end <= cut));
    }),
    { numRuns, seed },
  );
});
