import { expect, jest, test } from '@jest/globals';
import { Random } from '../../generator/random.ts';
import { embedded, realServers } from '../stack/end-to-end-environment.ts';
import { killTwoDatasets } from './two-datasets.ts';

jest.setTimeout(300_000);

/** `make torture` kills far more often. */
const KILLS = 2;

test.each([
  { name: 'on a local log and lake', open: embedded },
  { name: 'on Kafka and MinIO', open: realServers },
])('two datasets, four models and three sinks are exact after kills, $name', async ({ open }) => {
  const environment = await open();
  try {
    expect(await killTwoDatasets(environment, new Random(7, 0), KILLS)).toBe(KILLS);
  } finally {
    await environment.remove();
  }
});
