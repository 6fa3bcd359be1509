import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { archive } from '../../processing/archive.ts';
import { append, datasetOf, Workplace } from '../processing/fixtures.ts';

let place: Workplace;
beforeAll(async () => {
  place = await Workplace.create();
});
afterAll(() => place.remove());

/**
 * In base64 each is staged as a line of 1.3 MB: the third begins in the reader's first buffer of 4 MB and
 * ends in the second.
 */
const LARGE = Buffer.alloc(1_000_000, '\t');

test.each([3, 6])('each of %d values of a megabyte that need base64 is kept', async (count) => {
  const log = place.log(1);
  await append(
    log,
    Array.from({ length: count }, () => [0, LARGE] as const),
  );
  const context = place.archiveContext(datasetOf(), log);
  expect(await archive(context, { ends: log.ranges() })).toMatchObject({ events: 0, rejected: count });
  const rejected = await place.rows(context.tables.rejected, 'log_offset');
  expect(rejected.map(({ log_offset }) => Number(log_offset))).toEqual(
    Array.from({ length: count }, (_, i) => i),
  );
});
