import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { filePieces } from '../../core/file-pieces.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'file-pieces-'));
});
afterAll(() => rm(folder, { recursive: true }));

test.each([0, 1, 524_287, 524_288, 524_289, 1_048_576, 2_300_001])('%i bytes come whole', async (size) => {
  const path = join(folder, `${size}`);
  const bytes = randomBytes(size);
  await writeFile(path, bytes);
  const copies: Buffer[] = [];
  for await (const piece of filePieces(path)) copies.push(Buffer.from(piece));
  expect(Buffer.concat(copies).equals(bytes)).toBe(true);
});

test('a file may be left before its end', async () => {
  const path = join(folder, 'left');
  const bytes = randomBytes(2_000_000);
  await writeFile(path, bytes);
  for await (const piece of filePieces(path)) {
    expect(piece.equals(bytes.subarray(0, piece.length))).toBe(true);
    break;
  }
});

test('files that are read at once do not mix', async () => {
  const files = Array.from({ length: 6 }, (_, i) => ({
    path: join(folder, `at-once-${i}`),
    bytes: randomBytes(700_000 * (i + 1)),
  }));
  for (const { path, bytes } of files) await writeFile(path, bytes);
  const read = async ({ path, bytes }: { path: string; bytes: Buffer }) => {
    let at = 0;
    for await (const piece of filePieces(path)) {
      await new Promise(setImmediate);
      expect(piece.equals(bytes.subarray(at, at + piece.length))).toBe(true);
      at += piece.length;
    }
    expect(at).toBe(bytes.length);
  };
  await Promise.all(files.map(read));
});

test('a file that is not there is an error of the system', async () => {
  await expect(filePieces(join(folder, 'none')).next()).rejects.toMatchObject({ code: 'ENOENT' });
});
