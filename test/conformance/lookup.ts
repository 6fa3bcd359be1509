import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Lookup } from '../../core/lookup.ts';

/** What every look-up promises. `known` are values with their answers, worked out by hand. */
export function lookupSuite(
  name: string,
  open: () => Promise<Lookup>,
  known: readonly (readonly [value: string, answer: readonly (string | null)[]])[],
): void {
  describe(name, () => {
    test.each(known)('knows of %j', async (value, answer) => {
      const lookup = await open();
      expect(answer).toHaveLength(lookup.columns.length);
      expect(lookup.of(value)).toEqual(answer);
    });

    test('answers any text with a text or null for each column, and equal texts equally', async () => {
      const lookup = await open();
      fc.assert(
        fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.ipV4(), fc.ipV6()), (value) => {
          const answer = lookup.of(value);
          expect(answer).toHaveLength(lookup.columns.length);
          for (const text of answer)
            expect(text === null || (typeof text === 'string' && text !== '')).toBe(true);
          expect(lookup.of(value)).toEqual(answer);
        }),
      );
    });

    test('says which data it answers from, each time the same', async () => {
      const [once, again] = [await open(), await open()];
      expect(once.version).toMatch(/\d/);
      expect(again.version).toBe(once.version);
    });
  });
}
