import { expect, jest, test } from '@jest/globals';
import type { Result } from '../torture/campaign.ts';
import { FAULTS, torture } from '../torture/torture.ts';

jest.setTimeout(1_200_000);

/** A quick one of each kind; `make torture` injects all of them. */
const SOME = ['bit-flip', 'follower-kill', 'kafka-reset', 'minio-lost-answer'];

test('faults at random moments leave the lake and the index exact', async () => {
  const results = new Map<string, Result>();
  await torture({
    seed: 1,
    rounds: 1,
    faults: FAULTS.filter(({ name }) => SOME.includes(name)),
    onResult: ({ name }, result) => results.set(name, result),
  });
  const exact = { injected: 1, fired: 1, failure: null };
  expect(Object.fromEntries(results)).toEqual(Object.fromEntries(SOME.map((name) => [name, exact])));
});
