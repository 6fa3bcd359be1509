import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { encodeChunk, readBytes, readHeader, recordsOf } from '../../adapters/local-log/chunk.ts';
import { EventlakeError } from '../../core/errors.ts';
import { chunkOf, entry, record } from '../conformance/event-log-records.ts';

const RUNS = Number(process.env.FUZZ_RUNS ?? 400);
const SEED = Number(process.env.FUZZ_SEED ?? 22);
const PREFIX_BYTES = 16;

let folder: string;
let path: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'local-chunk-'));
  path = join(folder, '1.chunk');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A real chunk of three partitions: its header as a value, and its blocks. */
function realChunk(): { header: Record<string, unknown>; body: Buffer } {
  const ranges = ['events', 'events', 'dead-letters'].map((stream, i) => ({
    stream: stream as 'events' | 'dead-letters',
    partition: i % 2,
    start: 0n,
    end: 10n,
  }));
  const last = ranges.at(-1);
  if (last) last.partition = 0;
  const records = Array.from({ length: 30 }, (_, i) =>
    record(i % 2, `value ${i}`, i % 3 ? `key ${i}` : null),
  );
  const chunk = chunkOf(records, [record(0, 'dead')], { ...entry('a', 7), earlier: [entry('a', 3)] });
  const [, json, body] = encodeChunk({ log: 'a-log', ranges }, 1_600_000_000_000, chunk).buffers;
  return { header: JSON.parse(String(json)), body: body ?? Buffer.alloc(0) };
}

/** The file with this header, with the length and checksum that belong to it. */
function fileOf(json: Buffer, body: Buffer): Buffer {
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.write('EVLKLOG1', 'latin1');
  prefix.writeUInt32LE(json.length, 8);
  prefix.writeUInt32LE(crc32(json), 12);
  return Buffer.concat([prefix, json, body]);
}

/** Reads the whole file as a reader does. True when all of it was fine. */
async function readAll(bytes: Buffer): Promise<boolean> {
  await writeFile(path, bytes);
  const file = await open(path);
  try {
    const header = await readHeader(file, path);
    for (const block of header.blocks) {
      const { offsets, values } = recordsOf(
        await readBytes(file, path, block),
        path,
        block,
        header,
        block.start,
      );
      expect(values.length).toBe(offsets.length);
      expect(BigInt(offsets.length)).toBe(block.end - block.start);
    }
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(EventlakeError);
    expect((error as EventlakeError).code).toBe('log:corrupt');
    return false;
  } finally {
    await file.close();
  }
}

/** What somebody may put in the place of a value: of another kind, huge, negative, or no number at all. */
const forged = fc.oneof(
  fc.constantFrom(
    null,
    true,
    -1,
    0.5,
    2 ** 31,
    2 ** 32,
    2 ** 40,
    2 ** 53,
    1e300,
    '',
    '-1',
    'x',
    [],
    {},
    [[]],
    [null],
  ),
  fc.constantFrom('0', '10', '25', '9'.repeat(18), '9'.repeat(30), 'events', 'dead-letters', '__proto__'),
  fc.nat(5000),
  fc.jsonValue({ maxDepth: 2 }),
);

/** Every place in the value, as the keys that lead there. */
function placesIn(value: unknown): string[][] {
  if (typeof value !== 'object' || value === null) return [[]];
  return [
    [],
    ...Object.entries(value).flatMap(([key, inner]) => placesIn(inner).map((rest) => [key, ...rest])),
  ];
}

function replaced(value: unknown, [key, ...rest]: readonly string[], by: unknown): unknown {
  if (key === undefined) return by;
  if (typeof value !== 'object' || value === null) return value;
  const copy = (Array.isArray(value) ? [...value] : { ...value }) as Record<string, unknown>;
  copy[key] = replaced(copy[key], rest, by);
  return copy;
}

const real = realChunk();
const places = placesIn(real.header);

test('a forged header with the right checksum gives records or a coded error, and takes no memory for what is not there', async () => {
  expect(await readAll(fileOf(Buffer.from(JSON.stringify(real.header)), real.body))).toBe(true);
  const change = fc.tuple(fc.constantFrom(...places), forged);
  let refused = 0;
  const before = process.memoryUsage().rss;
  const property = fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
    let header: unknown = real.header;
    for (const [place, by] of changes) header = replaced(header, place, by);
    const json = Buffer.from(JSON.stringify(header) ?? '');
    if (!(await readAll(fileOf(json, real.body)))) refused += 1;
  });
  await fc.assert(property, { numRuns: RUNS, seed: SEED });
  expect(refused).toBeGreaterThan(RUNS / 2);
  expect(process.memoryUsage().rss - before).toBeLessThan(1024 ** 3);
});

test('damaged records under the right checksum give records or a coded error', async () => {
  const blocks = real.header.blocks as { position: number; bytes: number; crc32: number }[];
  const change = fc.tuple(fc.nat(real.body.length - 1), fc.nat(255));
  let refused = 0;
  const property = fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 6 }), async (changes) => {
    const body = Buffer.from(real.body);
    for (const [at, byte] of changes) body[at] = byte;
    const sealed = blocks.map((block) => ({
      ...block,
      crc32: crc32(body.subarray(block.position, block.position + block.bytes)),
    }));
    const json = Buffer.from(JSON.stringify({ ...real.header, blocks: sealed }));
    if (!(await readAll(fileOf(json, body)))) refused += 1;
  });
  await fc.assert(property, { numRuns: RUNS, seed: SEED });
  expect(refused).toBeGreaterThan(RUNS / 10);
});

test('any bytes in the place of a header, and cut files, give a coded error', async () => {
  const whole = fileOf(Buffer.from(JSON.stringify(real.header)), real.body);
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((json) => fileOf(Buffer.from(json), real.body)),
    fc.nat(whole.length - 1).map((length) => whole.subarray(0, length)),
    fc.uint8Array({ maxLength: 300 }).map((any) => Buffer.from(any)),
  );
  const property = fc.asyncProperty(bytes, async (file) => expect(await readAll(file)).toBe(false));
  await fc.assert(property, { numRuns: RUNS, seed: SEED });
});
