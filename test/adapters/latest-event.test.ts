import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { makeDatasetOf } from '../../adapters/duckdb/latest-event.ts';
import type { DataFile } from '../../core/data-files.ts';
import { Workplace } from '../processing/fixtures.ts';

let place: Workplace;
beforeAll(async () => {
  place = await Workplace.create();
});
afterAll(() => place.remove());

/** A file with one event, at this microsecond, of which the log has this bound. */
interface File {
  readonly at: number;
  readonly bound: string | undefined;
}

const iso = (milliseconds: number) => new Date(milliseconds).toISOString();

/** The latest event of these files in microseconds, and which of them were read for it, in turn. */
async function latestOf(files: readonly File[]): Promise<{ latest: unknown; reads: number[][] }> {
  const reads: number[][] = [];
  await makeDatasetOf(
    place.sql,
    'moment',
    files.map(({ bound }) => ({ stats: JSON.stringify({ maxValues: { moment: bound } }) }) as DataFile),
    files.map((_, i) => String(i)),
    (paths) => {
      reads.push(paths.map(Number));
      const rows = paths.map((i) => `(make_timestamptz(${files[Number(i)]?.at}))`);
      return `(VALUES (CAST(NULL AS TIMESTAMPTZ)), ${rows.join(', ')}) AS events(moment)`;
    },
  );
  const [found] = await place.sql.rows('SELECT epoch_us(last_event) AS latest FROM dataset');
  return { latest: found?.latest, reads };
}

test('only the files are read that can hold the latest event', async () => {
  const files = [5_000_000, 9_000_000, 8_999_100, 8_997_900].map((at) => ({
    at,
    bound: iso(Math.ceil(at / 1000)),
  }));
  expect(await latestOf(files)).toEqual({ latest: 9_000_000n, reads: [[1, 2]] });
});

test('all of them where one has no bound, or one without a time zone', async () => {
  for (const bound of [undefined, '1970-01-01T00:00:09']) {
    const files = [
      { at: 9_000_000, bound },
      { at: 5_000_000, bound: iso(5_000) },
    ];
    expect(await latestOf(files)).toEqual({ latest: 9_000_000n, reads: [[0, 1]] });
  }
});

test('the latest event is found under any bounds that are not below their events', async () => {
  const file = fc
    .record({
      at: fc.integer({ min: 0, max: 20_000 }),
      wider: fc.constantFrom(0, 0, 0, 1, 7),
      known: fc.constantFrom(true, true, true, true, false),
    })
    .map(({ at, wider, known }) => ({ at, bound: known ? iso(Math.ceil(at / 1000) + wider) : undefined }));
  await fc.assert(
    fc.asyncProperty(fc.array(file, { minLength: 1, maxLength: 8 }), async (files) => {
      const { latest } = await latestOf(files);
      expect(latest).toBe(BigInt(Math.max(...files.map(({ at }) => at))));
    }),
    { numRuns: 200 },
  );
});
