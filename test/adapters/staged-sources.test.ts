import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { StagedSources } from '../../adapters/duckdb/staged-sources.ts';
import { type SourceLine, SourceLines } from '../../core/source-lines.ts';
import { batchOf, Workplace } from '../processing/fixtures.ts';

let place: Workplace;
beforeAll(async () => {
  place = await Workplace.create();
});
afterAll(() => place.remove());

/** More records than a page holds, of two partitions and files, some of no file. */
const FILES = ['a.csv', "tab\t, 'quote' and\nline break é.csv"];
const COUNT = 5000;
const FIRST = 9_007_199_254_740_993n;
function sourceOf(i: number): SourceLine | null {
  return i % 7 === 0 ? null : { file: FILES[i % 2] ?? '', line: 2 ** 40 + i };
}

test('each record that is a line of a file keeps file and line, beyond what one page holds', async () => {
  const staged = new StagedSources();
  for (const partition of [0, 3]) {
    const numbers = Array.from({ length: COUNT }, (_, i) => i);
    staged.add({
      ...batchOf(numbers.map(() => 'x')),
      partition,
      offsets: numbers.map((i) => FIRST + BigInt(i)),
      sources: SourceLines.of(numbers.map(sourceOf)),
    });
  }
  staged.add(batchOf(['of no file']));
  const relation = await staged.write(join(place.temporary, 'sources.tsv'));
  const rows = await place.sql.rows(`SELECT * FROM ${relation} ORDER BY log_partition, log_offset`);
  const expected = [0, 3].flatMap((log_partition) =>
    Array.from({ length: COUNT }, (_, i) => ({ i, source: sourceOf(i) })).flatMap(({ i, source }) =>
      source === null
        ? []
        : {
            log_partition,
            log_offset: FIRST + BigInt(i),
            source_file: source.file,
            source_line: BigInt(source.line),
          },
    ),
  );
  expect(rows).toEqual(expected);
});

test('no source gives no row', async () => {
  const staged = new StagedSources();
  staged.add(batchOf(['of no file']));
  const relation = await staged.write(join(place.temporary, 'none.tsv'));
  expect(await place.sql.rows(`SELECT * FROM ${relation}`)).toEqual([]);
});
