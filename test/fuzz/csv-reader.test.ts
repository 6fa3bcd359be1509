import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { EventlakeError } from '../../core/errors.ts';
import { readHeader } from '../../ingestion/header.ts';
import { toBlocks } from '../../ingestion/lines.ts';
import { toRecords } from '../../ingestion/records.ts';
import { openSource, readSource } from '../../ingestion/source-file.ts';

const numRuns = Number(process.env.FUZZ_RUNS ?? 100);
const seed = Number(process.env.FUZZ_SEED ?? 8);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fuzz-csv-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/**
 * Reads a file as `ingest` does. Every byte is in some record or blank line, or there is an error with a
 * code.
 */
async function expectAnswer(bytes: Buffer, plain: Buffer | null): Promise<void> {
  const path = join(folder, 'fuzz.csv');
  await writeFile(path, bytes);
  try {
    const source = await openSource(path, 'hint');
    const header = await readHeader(source);
    if (header === null) return;
    let read = header.bytes;
    const blocks = toBlocks(readSource(source, header.bytes));
    for await (const group of toRecords(blocks, header.nextLine, header.names.length)) {
      read += group.bytes.length;
      expect(group.lines).toHaveLength(group.rows.length);
      expect(group.ends).toHaveLength(group.rows.length);
      for (const row of group.rows) if (Array.isArray(row)) expect(row).toHaveLength(header.names.length);
    }
    if (plain) expect(read).toBe(plain.length);
  } catch (error) {
    expect(error).toBeInstanceOf(EventlakeError);
    expect(error).toMatchObject({
      code: expect.stringMatching(/^ingest:/),
      message: expect.stringContaining(path),
    });
  }
}

const piece = fc.oneof(
  {
    weight: 50,
    arbitrary: fc
      .constantFrom(
        'a,b,c\n',
        '1,2,3\n',
        '"',
        '""',
        ',',
        '\n',
        '\r\n',
        '\r',
        '\0',
        '\uFEFF',
        '"x\ny"',
        'é',
        '\\',
      )
      .map((text) => Buffer.from(text)),
  },
  { weight: 50, arbitrary: fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(131_071, 131_072, 131_073).map((length) => Buffer.alloc(length, 'x')),
  },
);
const content = fc.array(piece, { maxLength: 30 });
/** Of gzip and zstd. */
const MAGICS = [Buffer.from([0x1f, 0x8b]), Buffer.from([0x28, 0xb5, 0x2f, 0xfd])];

test('a file of any bytes gives records, dead lines or an error with a code', async () => {
  await fc.assert(
    fc.asyncProperty(fc.boolean(), content, async (hasHeader, pieces) => {
      const bytes = Buffer.concat([Buffer.from(hasHeader ? 'a,b,c\n' : ''), ...pieces]);
      const isCompressed = MAGICS.some((magic) => bytes.subarray(0, magic.length).equals(magic));
      await expectAnswer(bytes, isCompressed ? null : bytes);
    }),
    { numRuns, seed },
  );
});

test('a compressed file with damage gives an error with a code', async () => {
  const damage = fc.record({ at: fc.nat(), byte: fc.nat(255), cut: fc.option(fc.nat()) });
  await fc.assert(
    fc.asyncProperty(content, fc.boolean(), damage, async (pieces, isGzip, { at, byte, cut }) => {
      const plain = Buffer.concat([Buffer.from('a,b,c\n'), ...pieces]);
      const packed = isGzip ? gzipSync(plain) : zstdCompressSync(plain);
      const bytes = Buffer.from(packed);
      bytes[at % bytes.length] = byte;
      await expectAnswer(cut === null ? bytes : bytes.subarray(0, cut % bytes.length), null);
    }),
    { numRuns, seed },
  );
});
