import { expect, test } from '@jest/globals';
import type { PartitionRange } from '../../core/contracts.ts';
import { OffsetReader } from '../../processing/offset-reader.ts';

const range = (partition: number, start: bigint, end: bigint): PartitionRange => ({
  ...{ stream: 'events', partition, start, end },
});

/** A reader of a log that holds these ranges, from these positions on. */
function readerOf(ranges: () => PartitionRange[], positions: readonly (bigint | null)[]) {
  const log = { ranges: async () => ranges() };
  return new OffsetReader(log, async ({ partition }) => positions[partition] ?? null);
}

test('hands over the offsets that are left, a part of each partition in turn, and then what comes', async () => {
  let end = 250_000n;
  const reader = readerOf(() => [range(0, 0n, end), range(1, 7n, 9n)], [10n, null]);
  const taken: string[] = [];
  for (let batch = await reader.poll(1); batch; batch = await reader.poll(1)) {
    expect(batch).toMatchObject({ stream: 'events', offsets: [], values: { length: 0 } });
    taken.push(`${batch.partition}: ${batch.from} to ${batch.next}`);
  }
  expect(taken).toEqual(['0: 10 to 100010', '1: 7 to 9', '0: 100010 to 200010', '0: 200010 to 250000']);
  end += 1n;
  expect(await reader.poll(1)).toMatchObject({ partition: 0, from: 250_000n, next: 250_001n });
  expect(await reader.poll(1)).toBeNull();
});

test.each([
  ['was removed by retention', range(0, 11n, 20n), 'Retention removed'],
  ['is beyond the end', range(0, 0n, 9n), 'The log has lost'],
])('an offset that %s is an error, before anybody is asked for it', async (_how, held, hint) => {
  const reader = readerOf(() => [held], [10n]);
  await expect(reader.poll(1)).rejects.toMatchObject({
    ...{ code: 'log:offsets_missing', hint: expect.stringContaining(hint) },
    message: expect.stringContaining('events/0 should be read on at offset 10'),
  });
});
