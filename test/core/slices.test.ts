import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { copyBytes, memoryOf } from '../../core/copy-bytes.ts';
import { Slices } from '../../core/slices.ts';

const bytes = (minLength: number, maxLength: number) =>
  fc
    .oneof(fc.uint8Array({ minLength, maxLength }), fc.uint8Array({ min: 0x20, minLength, maxLength }))
    .map((array) => Buffer.from(array));

test('any bytes are copied to any place, and control characters among them are found', () => {
  const property = fc.property(bytes(0, 40), fc.nat(9), fc.nat(9), (all, skipped, at) => {
    const begin = Math.min(skipped, all.length);
    // Neither buffer begins where its memory begins.
    const source = Buffer.concat([Buffer.from('before'), all]).subarray(6);
    const target = Buffer.alloc(at + all.length + 9, 0xee);
    const expected = Buffer.from(target);
    all.copy(expected, at, begin);
    const found = copyBytes(
      memoryOf(source),
      source.byteOffset + begin,
      source.byteOffset + all.length,
      memoryOf(target),
      target.byteOffset + at,
    );
    expect(target).toEqual(expected);
    expect(found).toBe([...all.subarray(begin)].some((byte) => byte < 0x20));
  });
  fc.assert(property, { numRuns: 2000, seed: 20_201_001 });
});

test('pieces of several buffers, nulls among them, are read and copied as they were put in', () => {
  const property = fc.property(fc.array(fc.option(bytes(0, 12)), { maxLength: 20 }), (pieces) => {
    const [even, odd] = [0, 1].map((n) =>
      Buffer.concat(pieces.map((piece, i) => (i % 2 === n && piece) || Buffer.of())),
    );
    const slices = new Slices();
    const at = [0, 0];
    for (const [i, piece] of pieces.entries()) {
      const begin = at[i % 2] ?? 0;
      if (piece === null) slices.pushNull();
      else slices.push((i % 2 === 0 ? even : odd) ?? Buffer.of(), begin, begin + piece.length);
      at[i % 2] = begin + (piece?.length ?? 0);
    }
    expect(pieces.map((_, i) => slices.at(i))).toEqual(pieces);
    expect(pieces.map((_, i) => slices.bytesOf(i))).toEqual(pieces.map((piece) => piece?.length ?? 0));
    const copied = Buffer.alloc(400);
    let end = 0;
    for (const [i, piece] of pieces.entries()) {
      expect(slices.copy(i, memoryOf(copied), end)).toBe(piece?.some((byte) => byte < 0x20) ?? false);
      end += slices.bytesOf(i);
    }
    expect(copied.subarray(0, end)).toEqual(Buffer.concat(pieces.filter((piece) => piece !== null)));
  });
  fc.assert(property, { numRuns: 500, seed: 20_201_001 });
});
