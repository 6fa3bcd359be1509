import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { compressionsAlgorithmsByBitmask } from '@platformatic/kafka';

/**
 * A batch may unpack to at most this many bytes: 128 times the size up to which brokers take a batch by
 * default (1 MB). JSON packs to a tenth or a twentieth.
 */
export const MAX_UNPACKED_BYTES = 128 * 1024 * 1024;
/**
 * zlib unpacks in pieces of this many bytes and joins them, and takes memory for a whole piece each time. The
 * larger piece has room for a whole batch of our writers; with it, a batch of one record takes three times as
 * long.
 */
const PIECE = 16 * 1024;
const LARGE_PIECE = 576 * 1024;
/** Packed bytes that may well unpack to more than a few small pieces. */
const LARGE = 4 * 1024;
const XERIAL_HEADER = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const XERIAL_HEADER_BYTES = 16;
const LZ4_MAGIC = 0x184d2204;

/**
 * The records of a batch, unpacked; `compression` is the number of the codec in the batch's attributes.
 * @throws Error when they are not packed in this way, or beyond {@link MAX_UNPACKED_BYTES}, before memory for
 *   them is taken
 */
export function unpack(packed: Buffer, compression: number): Buffer {
  switch (compression) {
    case 0:
      return packed;
    case 1:
      return gunzipSync(packed, optionsFor(packed));
    case 2:
      requireBounded(snappySize(packed));
      break;
    case 3:
      requireBounded(lz4Size(packed));
      break;
    case 4:
      return zstdDecompressSync(packed, optionsFor(packed));
  }
  const codec = compressionsAlgorithmsByBitmask[compression];
  if (!codec) throw new Error(`they are packed in an unknown way (${compression})`);
  return codec.decompressSync(packed);
}

function optionsFor(packed: Buffer) {
  const chunkSize = packed.length < LARGE ? PIECE : LARGE_PIECE;
  return { chunkSize, maxOutputLength: MAX_UNPACKED_BYTES };
}

function requireBounded(bytes: number): void {
  if (bytes > MAX_UNPACKED_BYTES) throw new Error(`they unpack to ${bytes} bytes`);
}

/** What the blocks say they unpack to; Java's clients wrap blocks of their own in the xerial framing. */
function snappySize(packed: Buffer): number {
  if (!packed.subarray(0, XERIAL_HEADER.length).equals(XERIAL_HEADER)) return snappyBlockSize(packed, 0);
  let size = 0;
  for (let at = XERIAL_HEADER_BYTES; at < packed.length; at += 4 + packed.readUInt32BE(at)) {
    size += snappyBlockSize(packed, at + 4);
  }
  return size;
}

/**
 * A block begins with its unpacked size as a varint
 * (https://github.com/google/snappy/blob/main/format_description.txt).
 */
function snappyBlockSize(packed: Buffer, at: number): number {
  let size = 0;
  for (let i = 0; i < 5; i++) {
    const byte = packed.readUInt8(at + i);
    size += (byte & 127) * 2 ** (7 * i);
    if (byte < 128) break;
  }
  return size;
}

/**
 * The size of what an LZ4 frame unpacks to, by walking over its blocks
 * (https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md).
 */
function lz4Size(packed: Buffer): number {
  if (packed.readUInt32LE(0) !== LZ4_MAGIC) throw new Error('they are no LZ4 frame');
  const flags = packed.readUInt8(4);
  const blockChecksum = (flags & 0x10) !== 0 ? 4 : 0;
  let at = 7 + ((flags & 0x08) !== 0 ? 8 : 0) + ((flags & 0x01) !== 0 ? 4 : 0);
  let size = 0;
  for (;;) {
    const header = packed.readUInt32LE(at);
    at += 4;
    if (header === 0) return size;
    const length = header & 0x7fffffff;
    if (at + length > packed.length) throw new Error('an LZ4 block is cut off');
    size += header >>> 31 ? length : lz4BlockSize(packed.subarray(at, at + length));
    at += length + blockChecksum;
  }
}

/**
 * Adds up the literals and matches of a block (https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md).
 */
function lz4BlockSize(block: Buffer): number {
  let at = 0;
  let size = 0;
  const lengthOf = (nibble: number) => {
    let length = nibble;
    for (let byte = nibble === 15 ? 255 : 0; byte === 255; length += byte) byte = block.readUInt8(at++);
    return length;
  };
  while (at < block.length) {
    const token = block.readUInt8(at++);
    const literals = lengthOf(token >> 4);
    size += literals;
    at += literals;
    if (at >= block.length) break;
    at += 2;
    size += lengthOf(token & 15) + 4;
  }
  return size;
}
