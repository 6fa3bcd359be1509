import { mkdtemp, readdir, readFile, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { LocalEventLog } from '../../../adapters/local-log/event-log.ts';
import { parseDataset } from '../../../config/dataset/parse.ts';
import type { Live } from '../../../core/dataset.ts';
import type { Cursor } from '../../../dashboard/live/cursor.ts';
import { LiveReadings } from '../../../dashboard/live/live-readings.ts';
import { DATASET_FILE, LiveFile } from './live-fixture.ts';

const numRuns = Number(process.env.FUZZ_RUNS ?? 30);
const seed = Number(process.env.FUZZ_SEED ?? 14);

const LIVE: Live = { by: ['sector', 'city'], values: ['co2_ppm'] };

const city = fc.oneof(
  fc.constant(null),
  fc.string({ unit: 'grapheme', maxLength: 8 }),
  fc.array(fc.constantFrom('"', ',', '\n', 'é', 'a'), { maxLength: 5 }).map((parts) => parts.join('')),
);
/** What an export does with the file, and who reads it between. */
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ append: fc.array(city, { minLength: 1, maxLength: 4 }) }) },
  { weight: 2, arbitrary: fc.record({ torn: fc.constantFrom('"', '1,2026', '1,2,"a\n', '9\n', ',\n"') }) },
  { weight: 1, arbitrary: fc.constant({ rotate: true }) },
  { weight: 4, arbitrary: fc.record({ read: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 1, arbitrary: fc.constant({ look: true }) },
);

/** Offset and city of all rows of the files, oldest file first, by an independent parser. */
async function independent(folder: string): Promise<(string | null)[][]> {
  const names = (await readdir(folder)).filter((name) => /^co2_live\.csv(\.\d+)?$/.test(name));
  const age = (name: string) => Number(/\d+$/.exec(name)?.[0] ?? 0);
  const rows: (string | null)[][] = [];
  for (const name of names.sort((a, b) => age(b) - age(a))) {
    const cast = (value: string, { quoting }: { quoting: boolean }) =>
      value === '' && !quoting ? null : value;
    const found: (string | null)[][] = parse(await readFile(join(folder, name)), {
      ...{ record_delimiter: '\n', from: 2, cast },
    });
    rows.push(...found.map((fields) => [fields.at(-1) ?? null, fields[3] ?? null]));
  }
  return rows;
}

test('however files grow, are torn and rotated between reads, each row is read once, as an independent parser reads it', async () => {
  const home = await mkdtemp(join(tmpdir(), 'rotation-'));
  const dataset = parseDataset(DATASET_FILE, 'dataset.yml');
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      run += 1;
      const file = new LiveFile(join(home, `${run}`));
      const log = new LocalEventLog(join(home, `${run}`, 'log'));
      const readings = new LiveReadings(dataset, LIVE, file.path, log);
      await file.begin();
      let valid = (await stat(file.path)).size;
      let cursor: Cursor | null = null;
      const read: unknown[][] = [];
      const readOn = async (limit: number) => {
        const page = await readings.after(cursor, limit);
        expect(page.gap).toBe(false);
        read.push(...page.rows.map((row) => [row.log_offset, row.city]));
        cursor = page.next;
        return page.more;
      };
      for (const one of steps) {
        if ('read' in one) await readOn(one.read);
        else if ('look' in one) await readings.look();
        else if ('torn' in one) await file.appendTorn(one.torn);
        else {
          // As an export that is started again does.
          await truncate(file.path, valid);
          if ('append' in one) await file.append(one.append.map((name) => ({ at: Date.now(), city: name })));
          else await file.rotate();
          valid = (await stat(file.path)).size;
        }
      }
      await truncate(file.path, valid);
      while (await readOn(3));
      expect(read).toEqual(await independent(join(home, `${run}`, 'data')));
      await readings.look();
      const { groups } = readings.windows.series('1h', 'sector', 'co2_ppm');
      const counted = groups.flatMap(({ counts }) => counts).reduce((a, b) => a + b, 0);
      expect(counted).toBe(read.length);
    }),
    { numRuns, seed },
  );
  await rm(home, { recursive: true });
});
