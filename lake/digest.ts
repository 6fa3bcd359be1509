import type { FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { filePieces } from '../core/file-pieces.ts';

/**
 * The key under which `tags` of a commit's `commitInfo` and `add` actions, and a checkpoint's metadata, hold
 * a CRC-32 in hexadecimal. A CRC-32 finds every single flipped bit and every burst of up to 32 bits, and
 * misses one other damage in 4 billion. It guards against failing hardware and not against forgery, and costs
 * a third of a SHA-256.
 */
export const DIGEST_TAG = 'eventlake.crc32';

/** Stands where a digest is put into the very bytes that it is of, and is what it is computed with. */
export const NO_DIGEST = '00000000';

/** Puts the CRC-32 of `body` into it, over the {@link NO_DIGEST} at `at`. */
export function seal(body: Buffer, at: number): void {
  body.write(hex(crc32(body)), at);
}

/** The CRC-32 that {@link seal} has put there, and that of `body` as it is. */
export function readSeal(body: Buffer, at: number): { expected: string; found: string } {
  const plain = Buffer.from(body);
  plain.write(NO_DIGEST, at);
  return { expected: body.toString('latin1', at, at + NO_DIGEST.length), found: hex(crc32(plain)) };
}

/**
 * CRC-32 (that of zlib and PNG) of a local file as eight hexadecimal digits. {@link filePieces} reads it, and
 * closes one that is open.
 */
export async function fileDigest(file: string | FileHandle): Promise<string> {
  let sum = 0;
  for await (const piece of filePieces(file)) sum = crc32(piece, sum);
  return hex(sum);
}

function hex(sum: number): string {
  return sum.toString(16).padStart(8, '0');
}
