import { test } from '@jest/globals';
import { Random } from '../../generator/random.ts';
import { type Environment, embedded, realServers } from '../stack/end-to-end-environment.ts';

/**
 * A test of the campaign in local files and one on the real servers, side by side: most of the time each
 * waits for other processes. `$name` in the title is that of the environment.
 */
export function testInBothEnvironments(
  title: string,
  firstSeed: number,
  campaign: (environment: Environment, random: Random) => Promise<void>,
): void {
  test.concurrent.each([
    { name: 'embedded', open: embedded, seed: firstSeed },
    { name: 'on real servers', open: realServers, seed: firstSeed + 1 },
  ])(title, async ({ open, seed }) => {
    const environment = await open();
    try {
      await campaign(environment, new Random(seed, 0));
    } finally {
      await environment.remove();
    }
  });
}
