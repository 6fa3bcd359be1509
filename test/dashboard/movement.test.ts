import { describe, expect, test } from '@jest/globals';
import { Movements } from '../../dashboard/movement.ts';

/** Looks that are a second apart: rows of the log, rows of the lake, the model's version, documents. */
function looks(...seen: [log: number, lake: number, model: number, index: number][]) {
  const movements = new Movements();
  const hops = ['ingest', 'archive', 'model', 'publish'] as const;
  return seen.map(([ingest, archive, model, publish], second) => {
    const lag = ingest - archive;
    const sight = { progress: { ingest, archive, model, publish }, complete: false, lag };
    const movement = movements.see(sight, second * 1000);
    const moving = hops.filter((hop) => movement(hop).moving);
    return [moving, movement('ingest').perSecond, movement('archive').perSecond];
  });
}

describe('what moves', () => {
  test('is nothing at the first look, nor where nothing changes', () => {
    expect(looks([5, 5, 0, 3], [5, 5, 0, 3])).toEqual([
      [[], null, null],
      [[], null, null],
    ]);
  });

  test('is each stage by itself', () => {
    expect(looks([0, 0, -1, 0], [100, 0, -1, 0], [300, 0, -1, 0])).toEqual([
      [[], null, null],
      [['ingest'], 100, null],
      [['ingest'], 150, null],
    ]);
    expect(looks([9, 0, -1, 0], [9, 4, -1, 0]).at(-1)).toEqual([['archive'], null, 4]);
    expect(looks([9, 9, 0, 0], [9, 9, 1, 0]).at(-1)).toEqual([['model'], null, null]);
    expect(looks([9, 9, 0, 0], [9, 9, 0, 7]).at(-1)).toEqual([['publish'], null, null]);
  });

  test('is not the lake once it holds all of a log that has stopped', () => {
    expect(looks([10, 0, 0, 0], [10, 5, 0, 0], [10, 10, 0, 0]).at(-1)).toEqual([[], null, null]);
    // More arrives: that the lake holds all of it at one moment is no end.
    expect(looks([10, 0, 0, 0], [10, 5, 0, 0], [12, 12, 0, 0]).at(-1)).toEqual([['ingest', 'archive'], 1, 6]);
  });

  test('ends three seconds after the last change, and for the lake, which commits seldom, ten', () => {
    const still = (n: number) =>
      Array.from({ length: n }, (): [number, number, number, number] => [20, 5, 0, 0]);
    const seen = looks([10, 0, 0, 0], ...still(13)).map(([moving]) => moving);
    expect(seen[3]).toEqual(['ingest', 'archive']);
    expect(seen[4]).toEqual(['archive']);
    expect(seen[10]).toEqual(['archive']);
    expect(seen[11]).toEqual([]);
  });

  test('begins again after a reset', () => {
    expect(looks([10, 5, 3, 7], [0, 0, -1, 0], [4, 0, -1, 0]).at(-1)).toEqual([['ingest'], 4, null]);
  });
});
