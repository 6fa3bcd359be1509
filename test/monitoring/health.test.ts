import { describe, expect, test } from '@jest/globals';
import { Health } from '../../monitoring/health.ts';

describe('health', () => {
  test('is troubled until the stores have been reached, and while a stage fails', () => {
    const health = new Health();
    expect(health.troubles).toEqual(['the stores have not been reached yet']);
    health.turn();
    expect(health.troubles).toEqual([]);
    health.failed('publish', 'it answered 403');
    health.failed('archive', 'no answer');
    health.turn();
    expect(health.troubles).toEqual(['publish: it answered 403', 'archive: no answer']);
    health.succeeded('archive');
    expect(health.troubles).toEqual(['publish: it answered 403']);
    health.succeeded('publish');
    expect(health.troubles).toEqual([]);
  });

  test('ends when there was no turn for a quarter of an hour, and comes back with the next', () => {
    let now = 0;
    const health = new Health(() => now);
    const minutes = (n: number) => {
      now += n * 60_000;
      return health.isAlive;
    };
    expect(minutes(14)).toBe(true);
    health.turn();
    expect(minutes(14)).toBe(true);
    expect(minutes(1)).toBe(false);
    health.turn();
    expect(minutes(0)).toBe(true);
  });
});
