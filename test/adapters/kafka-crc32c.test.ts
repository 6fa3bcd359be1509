import { expect, test } from '@jest/globals';
import { crc32c as ofLibrary } from '@platformatic/kafka';
import fc from 'fast-check';
import { crc32c } from '../../adapters/kafka/crc32c.ts';

test('the checksum is that of RFC 3720, of any part of a buffer', () => {
  const sumOf = (bytes: Buffer) => crc32c(bytes, 0, bytes.length);
  // The check value of CRC-32C, and the examples of RFC 3720, B.4.
  expect(sumOf(Buffer.from('123456789'))).toBe(0xe3069283);
  expect(sumOf(Buffer.alloc(32))).toBe(0x8a9136aa);
  expect(sumOf(Buffer.alloc(32, 0xff))).toBe(0x62a8ab43);
  expect(sumOf(Buffer.from(Array.from({ length: 32 }, (_, i) => i)))).toBe(0x46dd794e);
  expect(sumOf(Buffer.alloc(0))).toBe(0);
  const part = fc.tuple(fc.uint8Array({ maxLength: 5_000 }), fc.nat(40), fc.nat(40));
  fc.assert(
    fc.property(part, ([array, before, after]) => {
      const bytes = Buffer.from(array);
      const start = Math.min(before, bytes.length);
      const end = Math.max(start, bytes.length - after);
      expect(crc32c(bytes, start, end)).toBe(ofLibrary(bytes.subarray(start, end)));
    }),
  );
});
