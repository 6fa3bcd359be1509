import { appendFile, rm } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ingestFile, rows, textsIn, textsOf, Workplace } from './fixtures.ts';

const HEADER = 'at,id,text\n';

let place: Workplace;
beforeEach(async () => {
  place = await Workplace.create();
});
afterEach(() => rm(place.folder, { recursive: true }));

describe('cumulative exports: files that hold what the one before held, and more', () => {
  test('are known in every state that was complete', async () => {
    const first = await place.put('export-1.csv', HEADER + rows(1, 2));
    const second = await place.put('export-2.csv', HEADER + rows(1, 3));
    const third = await place.put('export-3.csv', HEADER + rows(1, 7));
    for (const file of [first, second, third]) await ingestFile(place.log(), file);
    expect(await textsIn(place.log())).toEqual(textsOf(1, 7));

    expect(await ingestFile(place.log(), first)).toMatchObject({
      outcome: 'nothing_new',
      rows: 0,
      beginningRows: 2,
      entry: { file: third, rows: 7 },
    });
    expect(await ingestFile(place.log(), second)).toMatchObject({
      outcome: 'nothing_new',
      beginningRows: 3,
    });
    expect(await ingestFile(place.log(), third)).toMatchObject({ outcome: 'nothing_new', rows: 0 });
    expect(await textsIn(place.log())).toEqual(textsOf(1, 7));
  });

  test('a file that continues differently from an earlier state brings only its own rows', async () => {
    const first = await place.put('a.csv', HEADER + rows(1, 2));
    await ingestFile(place.log(), first);
    await ingestFile(place.log(), await place.put('b.csv', HEADER + rows(1, 3)));
    const fork = await place.put('c.csv', HEADER + rows(1, 2) + rows(8, 9));
    expect(await ingestFile(place.log(), fork)).toMatchObject({
      outcome: 'continued',
      rows: 2,
      entry: { file: fork, rows: 2 },
    });
    expect(await ingestFile(place.log(), fork)).toMatchObject({ outcome: 'nothing_new', rows: 0 });
    expect(await textsIn(place.log())).toEqual([...textsOf(1, 3), ...textsOf(8, 9)]);
  });

  test('for any sizes and any order in which they come again, each row is in the log once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 5 }),
        fc.array(fc.nat({ max: 4 }), { maxLength: 6 }),
        async (lengths, again) => {
          const own = await Workplace.create();
          const growing = lengths.toSorted((a, b) => a - b);
          const files = await Promise.all(
            growing.map((length) => own.put(`to-${length}.csv`, HEADER + rows(1, length))),
          );
          for (const file of files) await ingestFile(own.log(), file);
          for (const i of again) {
            const file = files[i % files.length] ?? '';
            expect((await ingestFile(own.log(), file)).rows).toBe(0);
          }
          expect(await textsIn(own.log())).toEqual(textsOf(1, growing.at(-1) ?? 0));
          await rm(own.folder, { recursive: true });
        },
      ),
      { numRuns: 20 },
    );
  });

  test('--again says first how many rows will be there twice', async () => {
    const file = await place.put('file.csv', HEADER + rows(1, 3));
    await ingestFile(place.log(), file);
    const { warnings } = await ingestFile(place.log(), file, { again: true });
    expect(warnings).toEqual([`3 rows of ${file} are in the log already, and will be there twice`]);
    const other = await place.put('other.csv', HEADER + rows(7, 8));
    expect((await ingestFile(place.log(), other, { again: true })).warnings).toEqual([]);
  });
});

describe('a half-written last line', () => {
  const HALF = '2020-01-01T00:00:00Z,3,row 0';

  test('of a file that is being written is left for the next run', async () => {
    const path = await place.write('x.csv', HEADER + rows(1, 2) + HALF);
    const result = await ingestFile(place.log(), path);
    expect(result).toMatchObject({ outcome: 'ingested', rows: 2 });
    expect(result.warnings).toEqual([
      `${path}:4: the last line is not ended, and the file is being written: it is left for the next run (--complete takes it at once)`,
    ]);
    await appendFile(path, '03\n');
    expect(await ingestFile(place.log(), path)).toMatchObject({ outcome: 'continued', rows: 1 });
    expect(await textsIn(place.log())).toEqual(textsOf(1, 3));
  });

  test('is left also within quotes, and when it is all that there is', async () => {
    const quoted = await place.write('quoted.csv', `${HEADER}2020-01-01T00:00:00Z,1,"row\n00`);
    expect(await ingestFile(place.log(), quoted)).toMatchObject({ rows: 0 });
    await appendFile(quoted, '1"\n');
    expect(await ingestFile(place.log(), quoted)).toMatchObject({ rows: 1, deadLetters: 0 });

    const header = await place.write('header.csv', 'at,id,te');
    expect(await ingestFile(place.log(), header)).toMatchObject({ rows: 0, entry: null });
    await appendFile(header, `xt\n${rows(2, 2)}`);
    expect(await ingestFile(place.log(), header)).toMatchObject({ rows: 1 });
    expect(await textsIn(place.log())).toEqual(['row\n001', 'row 002']);
  });

  test('is taken from a file at rest, and with --complete at once', async () => {
    const atRest = await place.put('at-rest.csv', HEADER + HALF);
    expect(await ingestFile(place.log(), atRest)).toMatchObject({ outcome: 'ingested', rows: 1 });
    const written = await place.write('written.csv', HEADER + rows(1, 1) + HALF);
    const result = await ingestFile(place.log(), written, { complete: true });
    expect(result).toMatchObject({ rows: 2, warnings: [] });
  });

  test('that was taken and continues is refused, with the row that the lake has and the ways out', async () => {
    const path = await place.put('x.csv', HEADER + rows(1, 2) + HALF);
    await ingestFile(place.log(), path);
    await appendFile(path, '03\n');
    await expect(ingestFile(place.log(), path)).rejects.toMatchObject({
      code: 'ingest:file_changed',
      message: expect.stringContaining(
        `line 4, continues now. The lake has a row of what was there: ${HALF}`,
      ),
      hint: expect.stringMatching(
        /reset --yes.*--again: the 3 rows that are in the lake will be there twice/,
      ),
    });
    expect(await textsIn(place.log())).toEqual(['row 0', 'row 001', 'row 002']);
  });

  test('wherever a write is cut, no value is taken that was never written', async () => {
    const text = `${HEADER}2020-01-01T00:00:00Z,1,"row ""1"""\n${rows(2, 3)}`;
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.integer({ min: 0, max: text.length }), { minLength: 1, maxLength: 4 }),
        async (cuts) => {
          const own = await Workplace.create();
          for (const cut of [...cuts.toSorted((a, b) => a - b), text.length])
            await ingestFile(own.log(), await own.write('x.csv', text.slice(0, cut)));
          expect(await textsIn(own.log())).toEqual(['row "1"', ...textsOf(2, 3)].sort());
          await rm(own.folder, { recursive: true });
        },
      ),
      { numRuns: 40 },
    );
  });
});
