import { createHash } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { hashPrefixes, openSource, readSource } from '../../ingestion/source-file.ts';
import { Workplace } from './fixtures.ts';

let place: Workplace;
beforeAll(async () => {
  place = await Workplace.create();
});
afterAll(() => rm(place.folder, { recursive: true }));

/** Three and a half megabytes that compress badly, so that they are read in several pieces. */
const CONTENT = Buffer.concat(
  Array.from({ length: 110_000 }, (_, i) => createHash('sha256').update(String(i)).digest()),
);

async function readAll(path: string, start = 0): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const bytes of readSource(await openSource(path, 'Save it there.'), start)) parts.push(bytes);
  return Buffer.concat(parts);
}

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

describe('a source file', () => {
  test('that is missing, or no file, is said to be so with what to do', async () => {
    await expect(openSource(join(place.folder, 'none.csv'), 'Save it there.')).rejects.toMatchObject({
      code: 'ingest:no_file',
      message: `There is no file ${join(place.folder, 'none.csv')}`,
      hint: 'Save it there.',
    });
    await mkdir(join(place.folder, 'folder.csv'));
    await expect(openSource(join(place.folder, 'folder.csv'), '')).rejects.toMatchObject({
      code: 'ingest:no_file',
      message: expect.stringContaining('is not a file'),
    });
    const within = join(await place.put('file.csv', ''), 'below.csv');
    await expect(openSource(within, '')).rejects.toMatchObject({
      code: 'ingest:no_file',
      message: expect.stringContaining(`${within} cannot be read: ENOTDIR`),
    });
  });

  test.each([
    ['plain.csv', null, CONTENT],
    ['packed.csv.gz', 'gzip', gzipSync(CONTENT, { level: 1 })],
    ['packed-but-called.csv', 'gzip', gzipSync(CONTENT, { level: 1 })],
    ['packed.csv.zst', 'zstd', zstdCompressSync(CONTENT)],
  ] as const)('%s is read from any position on', async (name, compression, content) => {
    const path = await place.put(name, content);
    expect((await openSource(path, '')).compression?.name ?? null).toBe(compression);
    for (const start of [0, 1, 1 << 20, (1 << 20) + 1, CONTENT.length - 1, CONTENT.length]) {
      expect(sha256(await readAll(path, start))).toBe(sha256(CONTENT.subarray(start)));
    }
  });

  test('with something after the end of its compressed data says so', async () => {
    const packed = Buffer.concat([gzipSync('at,id\n'), Buffer.from([0x1f, 0x8b]), Buffer.from('junk')]);
    await expect(readAll(await place.put('junk.csv.gz', packed), 0)).rejects.toMatchObject({
      code: 'ingest:bad_gzip',
      message: expect.stringContaining('something else after the end of its gzip data'),
    });
  });

  test('of several gzip members is one file', async () => {
    const path = await place.put(
      'members.csv.gz',
      Buffer.concat([gzipSync('at,id\n'), gzipSync(''), gzipSync('1,2\n')]),
    );
    expect((await readAll(path)).toString()).toBe('at,id\n1,2\n');
  });

  test('that is empty, or one byte long, is not taken for gzip', async () => {
    for (const content of ['', '\x1f']) {
      const path = await place.put('small.csv', content);
      expect((await readAll(path)).toString()).toBe(content);
    }
  });

  test.each([
    ['cut off', (packed: Buffer) => packed.subarray(0, packed.length / 2)],
    ['cut off in its last bytes', (packed: Buffer) => packed.subarray(0, -4)],
    [
      'damaged in the middle',
      (packed: Buffer) =>
        Buffer.concat([packed.subarray(0, 50_000), Buffer.alloc(100), packed.subarray(50_100)]),
    ],
    ['nothing but its beginning', (packed: Buffer) => packed.subarray(0, 2)],
  ])('whose gzip stream is %s is refused, after what could be read', async (_what, damage) => {
    const path = await place.put('damaged.csv.gz', damage(gzipSync(CONTENT, { level: 1 })));
    await expect(readAll(path)).rejects.toMatchObject({
      code: 'ingest:bad_gzip',
      message: expect.stringContaining('damaged.csv.gz is not a complete gzip file'),
    });
  });

  test('tells how many bytes were read from disk', async () => {
    for (const content of [CONTENT, gzipSync(CONTENT, { level: 1 })]) {
      let read = 0;
      const source = await openSource(await place.put('counted.csv', content), '');
      for await (const _ of readSource(source, 0, (bytes) => (read += bytes)));
      expect([read, source.size]).toEqual([content.length, content.length]);
    }
  });

  test('is hashed up to any positions at once', async () => {
    const length = CONTENT.length;
    const wanted = [length + 1, 1 << 20, 0, 1, (1 << 20) - 1, (1 << 20) + 1, length, 1, length - 1];
    for (const content of [CONTENT, gzipSync(CONTENT, { level: 1 })]) {
      const prefixes = await hashPrefixes(
        await openSource(await place.put('hashed.csv', content), ''),
        wanted,
      );
      expect(prefixes.map(({ hash: _, ...prefix }) => prefix)).toEqual(
        [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, length - 1, length].map((bytes) => ({
          bytes,
          sha256: sha256(CONTENT.subarray(0, bytes)),
          before: CONTENT[bytes - 1],
          after: CONTENT[bytes],
        })),
      );
      const carriedOn = prefixes[3]?.hash.update(CONTENT.subarray(1 << 20)).digest('hex');
      expect(carriedOn).toBe(sha256(CONTENT));
    }
  });
});
