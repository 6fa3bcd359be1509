import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { LocalEventLog } from '../../adapters/local-log/event-log.ts';
import type { Partition } from '../../core/contracts.ts';
import { partitionId } from '../../core/contracts.ts';
import { describeEventLog } from '../conformance/event-log.ts';
import { chunkOf, drain, entry, record, valuesOf } from '../conformance/event-log-records.ts';

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'event-log-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

describeEventLog('local', async (topic, partitions) => new LocalEventLog(join(home, topic), partitions));

const chunkFile = (folder: string, number: number) => join(folder, `${`${number}`.padStart(20, '0')}.chunk`);

/**
 * A log of three chunks, numbers 2 to 4, that hold the offsets 0-1, 2-3 and 4-5 of `events/0`. Chunk 0 made
 * it, chunk 1 opened its writer.
 */
async function threeChunks() {
  const folder = join(home, randomUUID());
  const log = new LocalEventLog(folder, 2);
  await log.open();
  const writer = await log.writer();
  await writer.append(chunkOf([record(0, 'a', 'key'), record(0, 'b')], [record(0, 'x')]));
  await writer.append(chunkOf([record(0, 'c'), record(1, 'C'), record(0, 'd')]));
  await writer.append(chunkOf([record(0, 'e'), record(0, 'f')]));
  return { folder, log, writer };
}

const from = (offset: bigint) => async (at: Partition) => (partitionId(at) === 'events/0' ? offset : null);

describe('local event log', () => {
  test('offsets have no gaps and begin at 0', async () => {
    const { log } = await threeChunks();
    expect((await drain(log)).get('events/0')?.offsets).toEqual([0n, 1n, 2n, 3n, 4n, 5n]);
    expect(await log.ranges()).toEqual([
      { stream: 'events', partition: 0, start: 0n, end: 6n },
      { stream: 'events', partition: 1, start: 0n, end: 1n },
      { stream: 'dead-letters', partition: 0, start: 0n, end: 1n },
    ]);
  });

  test('a batch has at most 20,000 records and about 4 MB', async () => {
    const { log, writer } = await threeChunks();
    const small = Array.from({ length: 45_000 }, () => record(1, 'small'));
    const large = Array.from({ length: 10 }, () => record(0, Buffer.alloc(900_000)));
    await writer.append(chunkOf([...small, ...large]));
    const reader = await log.reader({ position: async () => null });
    const sizes = { 'events/0': [], 'events/1': [] } as Record<string, number[]>;
    for (let batch = await reader.poll(0); batch !== null; batch = await reader.poll(0)) {
      sizes[partitionId(batch)]?.push(batch.values.length);
    }
    expect(sizes).toEqual({ 'events/0': [2, 2, 2, 4, 4, 2], 'events/1': [1, 20_000, 20_000, 5_000] });
  });

  test('when old files were deleted, it begins later, and what is missing is not skipped silently', async () => {
    const { folder, log } = await threeChunks();
    const early = await log.reader({ position: from(1n) });
    for (const number of [0, 1, 2]) await rm(chunkFile(folder, number));
    expect((await log.ranges())[0]).toEqual({ stream: 'events', partition: 0, start: 2n, end: 6n });
    expect(valuesOf(await drain(log), 'events/0').map(String)).toEqual(['c', 'd', 'e', 'f']);
    expect(valuesOf(await drain(log, from(2n)), 'events/0').map(String)).toEqual(['c', 'd', 'e', 'f']);
    await expect(log.reader({ position: from(1n) })).rejects.toMatchObject({
      code: 'log:offsets_missing',
      message: expect.stringContaining('events/0 should continue at offset 1, but the log begins at 2'),
    });
    await expect(early.poll(0)).rejects.toMatchObject({ code: 'log:offsets_missing' });
  });

  test('a reader notices that its log was replaced by another', async () => {
    const { folder, log } = await threeChunks();
    const atEnd = await log.reader({ position: from(6n) });
    while ((await atEnd.poll(0)) !== null);
    await log.wipe();
    await expect(atEnd.poll(0)).rejects.toMatchObject({ code: 'log:made_anew' });
    await log.open();
    await expect(atEnd.poll(0)).rejects.toMatchObject({ code: 'log:made_anew' });
    await expect(log.reader({ position: from(6n) })).rejects.toMatchObject({
      message: expect.stringContaining('the log ends at 0: it was wiped and created again'),
    });
    const other = await log.writer();
    for (let i = 0; i < 8; i++) await other.append(chunkOf([record(0, `${i}`)]));
    await expect(atEnd.poll(0)).rejects.toMatchObject({ code: 'log:made_anew' });
    expect((await readdir(`${folder}/..`)).filter((name) => name.includes('.wiped'))).toEqual([]);
  });

  test('a writer of a wiped log cannot write into the one that was made after it', async () => {
    const { folder, log, writer } = await threeChunks();
    await log.wipe();
    await expect(writer.append(chunkOf([record(0, 'late')]))).rejects.toMatchObject({ code: 'log:fenced' });
    expect(await readdir(home)).not.toContain(folder);

    const second = await threeChunks();
    await rm(second.folder, { recursive: true });
    const next = new LocalEventLog(second.folder, 2);
    await next.open();
    await next.writer();
    // Its number, 5, is free; its temporary folder is gone.
    await expect(second.writer.append(chunkOf([record(0, 'late')]))).rejects.toMatchObject({
      code: 'log:fenced',
    });
    expect((await readdir(second.folder)).filter((name) => name.endsWith('.chunk')).length).toBe(2);
  });

  test('a number that is taken is not given again, even while the older writer still has its folder', async () => {
    const { folder, log, writer } = await threeChunks();
    const [own] = (await readdir(folder)).filter((name) => name.startsWith('writer-'));
    const next = await log.writer();
    await next.append(chunkOf([record(0, 'g')]));
    await mkdir(join(folder, own ?? ''));
    await expect(writer.append(chunkOf([record(0, 'late')]))).rejects.toMatchObject({ code: 'log:fenced' });
    await next.append(chunkOf([record(0, 'h')]));
    expect(
      valuesOf(await drain(log), 'events/0')
        .map(String)
        .slice(6),
    ).toEqual(['g', 'h']);
  });

  test('of writers opened at the same time, the one with the highest number stays', async () => {
    const { log } = await threeChunks();
    const writers = await Promise.all(Array.from({ length: 6 }, () => log.writer()));
    const appends = await Promise.allSettled(
      writers.map((writer, i) => writer.append(chunkOf([record(1, `${i}`)]))),
    );
    expect(appends.filter(({ status }) => status === 'fulfilled').length).toBe(1);
    for (const append of appends) {
      if (append.status === 'rejected') expect(append.reason).toMatchObject({ code: 'log:fenced' });
    }
    expect(valuesOf(await drain(log), 'events/1').length).toBe(2);
  });

  test('any changed byte is found, and the file named', async () => {
    const { folder, log } = await threeChunks();
    const path = chunkFile(folder, 3);
    const bytes = await readFile(path);
    expect(bytes.length).toBeGreaterThan(500);
    for (let at = 0; at < bytes.length; at += at < 32 || at > bytes.length - 40 ? 1 : 17) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 0x10;
      await writeFile(path, changed);
      await expect(drain(log)).rejects.toMatchObject({
        code: 'log:corrupt',
        message: expect.stringContaining(path),
      });
    }
    for (const length of [0, 3, 16, 100, bytes.length - 1]) {
      await writeFile(path, bytes.subarray(0, length));
      await expect(drain(log)).rejects.toMatchObject({ code: 'log:corrupt' });
    }
    await writeFile(path, bytes);
    expect(valuesOf(await drain(log), 'events/0').length).toBe(6);
  });

  test('a block that is damaged is an error at its turn, and can be skipped alone', async () => {
    const { folder, log } = await threeChunks();
    const path = chunkFile(folder, 3);
    const bytes = await readFile(path);
    // The block of events/0 comes first; each record in it has 8 bytes before its value.
    const at = bytes.lastIndexOf('c');
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    await writeFile(path, bytes);
    await expect(drain(log)).rejects.toMatchObject({
      code: 'log:corrupt',
      message: expect.stringContaining('offsets 2 to 3'),
      hint: expect.stringMatching(/process --skip events\/0@2$/),
    });
    for (const other of ['events/0@3', 'events/1@2', 'dead-letters/0@2']) {
      await expect(drain(log, undefined, undefined, [other])).rejects.toMatchObject({ code: 'log:corrupt' });
    }
    const read = await drain(log, undefined, undefined, ['events/0@2']);
    const stands = expect.stringMatching(
      /^2 record\(s\) at offsets 2 to 3: The log file .*0003.chunk is damaged/,
    );
    expect(valuesOf(read, 'events/0').map(String)).toEqual(['a', 'b', stands, 'e', 'f']);
    expect(read.get('events/0')?.offsets).toEqual([0n, 1n, 2n, 4n, 5n]);
    expect(valuesOf(read, 'events/1').map(String)).toEqual(['C']);
  });

  test('a file that is missing between others, or is another one, is found', async () => {
    const { folder, log } = await threeChunks();
    const path = chunkFile(folder, 3);
    await rename(path, join(folder, 'aside'));
    await expect(drain(log)).rejects.toMatchObject({
      code: 'log:corrupt',
      message: expect.stringContaining('0003.chunk is damaged: it is missing'),
    });
    await expect(log.ledger()).rejects.toMatchObject({ code: 'log:corrupt' });
    await writeFile(path, await readFile(chunkFile(folder, 4)));
    await expect(drain(log)).rejects.toMatchObject({
      code: 'log:corrupt',
      message: expect.stringContaining('events/0 continues at 4, but the file before it ends at 2'),
    });
  });

  test('opening a writer clears away what dead writers left, and nothing else', async () => {
    const { folder, log } = await threeChunks();
    const [dead] = (await readdir(folder)).filter((name) => name.startsWith('writer-'));
    await writeFile(join(folder, dead ?? '', 'half.tmp'), 'half');
    const hoursAgo = new Date(Date.now() - 2 * 3_600_000);
    await mkdir(join(folder, 'opening-dead'));
    await utimes(join(folder, 'opening-dead'), hoursAgo, hoursAgo);
    await mkdir(join(folder, 'opening-alive'));
    const writer = await log.writer();
    const others = (await readdir(folder)).filter((name) => !name.endsWith('.chunk'));
    expect(others).toEqual(['opening-alive', expect.stringMatching(/^writer-0{19}5-/)]);
    expect(others[1]).not.toBe(dead);
    await writer.close();
    expect((await readdir(folder)).filter((name) => !name.endsWith('.chunk'))).toEqual(['opening-alive']);
  });

  test('a closed or failed writer appends no more', async () => {
    const { log, writer } = await threeChunks();
    await writer.close();
    await expect(writer.append(chunkOf([]))).rejects.toMatchObject({ code: 'log:closed' });
    for (const [wrong, code] of [
      [record(2, 'a'), 'log:no_such_partition'],
      [record(0, Buffer.alloc(1_000_001)), 'log:record_too_large'],
    ] as const) {
      const next = await log.writer();
      await expect(next.append(chunkOf([record(0, 'with it'), wrong]))).rejects.toMatchObject({ code });
      await expect(next.append(chunkOf([record(0, 'after it')]))).rejects.toMatchObject({ code });
    }
    expect(valuesOf(await drain(log), 'events/0').length).toBe(6);
  });

  test('a header too large for one read', async () => {
    const { folder, log, writer } = await threeChunks();
    const file = 'f'.repeat(20_000);
    await writer.append(chunkOf([record(0, 'g')], [], { ...entry('long', 1), file }));
    expect((await stat(chunkFile(folder, 5))).size).toBeGreaterThan(20_000);
    expect((await log.ledger()).at(-1)?.file).toBe(file);
    expect(valuesOf(await drain(log, from(6n)), 'events/0').map(String)).toEqual(['g']);
  });

  test('what is no log, or no folder, is said so', async () => {
    const absent = new LocalEventLog(join(home, 'absent'));
    const missing = { code: 'log:missing', message: `There is no log in ${join(home, 'absent')}.` };
    await expect(absent.writer()).rejects.toMatchObject(missing);
    await expect(absent.reader({ position: async () => null })).rejects.toMatchObject(missing);
    await writeFile(join(home, 'file'), '');
    await expect(new LocalEventLog(join(home, 'file')).open()).rejects.toMatchObject({
      code: 'log:write_failed',
      message: expect.stringContaining(join(home, 'file')),
    });
    await expect(new LocalEventLog(join(home, 'file')).ranges()).rejects.toMatchObject({
      code: 'log:unreadable',
    });
  });
});
