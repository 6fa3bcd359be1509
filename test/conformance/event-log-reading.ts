import { randomBytes } from 'node:crypto';
import { expect } from '@jest/globals';
import type { Partition, RecordParts } from '../../core/contracts.ts';
import { partitionId } from '../../core/contracts.ts';
import type { Fixture } from './event-log.ts';
import { chunkOf, drain, entry, record, valuesOf } from './event-log-records.ts';

/** The part of the suite about what is read back. */
export function describeReading({ it, opened }: Fixture): void {
  it('records come back byte for byte, in order, with the time of their writing', async () => {
    const log = await opened();
    const writer = await log.writer();
    const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const before = Date.now();
    await writer.append(
      chunkOf(
        [
          record(1, 'a', 'key'),
          record(0, everyByte, everyByte),
          record(1, ''),
          record(1, 'c', ''),
          record(1, '"ü"', 'key'),
        ],
        [record(0, 'dead 1'), record(0, everyByte, 'line 2')],
      ),
    );
    await writer.append(chunkOf([record(1, 'd')], [record(0, 'dead 3')]));
    const after = Date.now();
    await writer.close();

    const read = await drain(log);
    const text = (...values: string[]) => values.map((value) => Buffer.from(value));
    expect(valuesOf(read, 'events/0')).toEqual([everyByte]);
    expect(valuesOf(read, 'events/1')).toEqual(text('a', '', 'c', '"ü"', 'd'));
    expect(valuesOf(read, 'events/2')).toEqual([]);
    expect(valuesOf(read, 'dead-letters/0')).toEqual([
      Buffer.from('dead 1'),
      everyByte,
      Buffer.from('dead 3'),
    ]);
    for (const { timestamps } of read.values()) {
      // A server's clock may differ a little.
      for (const timestamp of timestamps) {
        expect(timestamp).toBeGreaterThan(before - 60_000);
        expect(timestamp).toBeLessThan(after + 60_000);
      }
    }
  });

  it('values of the largest size, several for one partition in one chunk', async () => {
    const log = await opened();
    const values = [
      randomBytes(900_000),
      randomBytes(1_000_000),
      randomBytes(1_000_000),
      randomBytes(1_000_000),
    ];
    const writer = await log.writer();
    await writer.append(
      chunkOf(
        values.map((value) => record(2, value, 'key')),
        [record(0, values[1] ?? '')],
      ),
    );
    await writer.close();
    const read = await drain(log);
    expect(Buffer.concat(valuesOf(read, 'events/2')).equals(Buffer.concat(values))).toBe(true);
    expect(valuesOf(read, 'events/2').map(({ length }) => length)).toEqual(
      values.map(({ length }) => length),
    );
    expect(valuesOf(read, 'dead-letters/0')[0]?.equals(values[1] ?? Buffer.alloc(0))).toBe(true);
  });

  it('a chunk of 70,000 records', async () => {
    const log = await opened();
    const writer = await log.writer();
    const value = (i: number) => `${i}`.padEnd(220, '.');
    const events = Array.from({ length: 70_000 }, (_, i) => record(i % 10 === 0 ? 0 : 1, value(i), `${i}`));
    await writer.append(chunkOf(events));
    await writer.close();
    const read = await drain(log);
    for (const partition of [0, 1]) {
      const expected = events.filter((event) => event.partition === partition);
      const values = valuesOf(read, `events/${partition}`);
      expect(values.length).toBe(expected.length);
      expect(Buffer.concat(values).equals(Buffer.concat(expected.map((event) => event.value)))).toBe(true);
    }
  });

  it('a chunk may hold progress alone, and the reader still comes to the end', async () => {
    const log = await opened();
    const writer = await log.writer();
    await writer.append(chunkOf([record(0, 'a')]));
    await writer.append(chunkOf([], [], entry('ingestion-1', 9)));
    await writer.close();
    const read = await drain(log);
    expect(valuesOf(read, 'events/0')).toEqual([Buffer.from('a')]);
    expect(await log.ledger()).toEqual([entry('ingestion-1', 9)]);
  });

  it('reading resumes at any offset, and at the end', async () => {
    const log = await opened();
    const writer = await log.writer();
    await writer.append(
      chunkOf(
        ['a', 'b', 'c'].map((value) => record(0, value)),
        [record(0, 'x')],
      ),
    );
    await writer.append(chunkOf(['d', 'e'].map((value) => record(0, value))));
    const all = (await drain(log)).get('events/0');
    for (const [index, offset] of all?.offsets.entries() ?? []) {
      const position = async (at: Partition) => (partitionId(at) === 'events/0' ? offset : null);
      const read = await drain(log, position);
      expect(valuesOf(read, 'events/0').map(String)).toEqual(['a', 'b', 'c', 'd', 'e'].slice(index));
      expect(valuesOf(read, 'dead-letters/0').map(String)).toEqual(['x']);
    }
    expect(all?.offsets.length).toBe(5);

    const ends = new Map((await log.ranges()).map((range) => [partitionId(range), range.end]));
    const read = await drain(log, async (at) => ends.get(partitionId(at)) ?? null);
    expect([...read.values()].flatMap(({ values }) => values)).toEqual([]);
    await writer.close();
  });

  it('what is named to be skipped is read where it can be read, or is no batch at all', async () => {
    const log = await opened();
    const writer = await log.writer();
    await writer.append(
      chunkOf(
        ['a', 'b'].map((value) => record(0, value)),
        [record(0, 'x')],
      ),
    );
    await writer.close();
    const names = ['events/0@0', 'events/0@1', 'events/1@7', 'events/99@0', 'dead-letters/0@0'];
    const read = await drain(log, async () => null, undefined, names);
    expect(valuesOf(read, 'events/0').map(String)).toEqual(['a', 'b']);
    expect(valuesOf(read, 'dead-letters/0').map(String)).toEqual(['x']);
  });

  it('keys and headers are handed over where they are asked for, and else not', async () => {
    const log = await opened();
    const writer = await log.writer();
    const notText = Buffer.from([0xff, 0x00]);
    await writer.append(
      chunkOf([record(1, 'a', 'key'), record(1, 'b'), record(1, 'c', ''), record(1, 'd', notText)]),
    );
    await writer.close();
    const readOf = async (parts?: RecordParts) => {
      const reader = await log.reader({ position: async () => null, parts });
      for (;;) {
        const batch = await reader.poll(60_000);
        if (!batch) throw new Error('nothing came');
        if (batch.offsets.length < 4) continue;
        await reader.close();
        const keys = batch.keys?.map((key) => key?.toString('latin1') ?? null);
        return { keys, headers: batch.headers && [...batch.headers] };
      }
    };
    expect(await readOf()).toEqual({ keys: undefined, headers: undefined });
    const keys = ['key', null, '', notText.toString('latin1')];
    expect(await readOf({ key: true, headers: [] })).toEqual({ keys, headers: [] });
    expect(await readOf({ key: false, headers: ['trace'] })).toEqual({
      keys: undefined,
      headers: [['trace', [null, null, null, null]]],
    });
  });

  it('a reader that only counts is given every offset', async () => {
    const log = await opened();
    const writer = await log.writer();
    const events = (count: number) => Array.from({ length: count }, (_, i) => record(i % 2, `${i}`, 'key'));
    await writer.append(chunkOf(events(50_000), [record(0, 'dead')]));
    await writer.append(chunkOf(events(7)));
    await writer.close();
    const expected = await drain(log);
    const offsets = new Map([...expected.keys()].map((id): [string, bigint[]] => [id, []]));
    const reader = await log.reader({ position: async () => null, countOnly: true });
    for (let left = 50_008; left > 0; ) {
      const batch = await reader.poll(60_000);
      if (!batch) throw new Error(`${left} records did not come`);
      const { from, next, gapless } = batch;
      const all = Array.from({ length: Number(next - from) }, (_, i) => from + BigInt(i));
      const given = gapless ? all : batch.offsets;
      offsets.get(partitionId(batch))?.push(...given);
      left -= given.length;
    }
    await reader.close();
    for (const [id, read] of expected) expect(offsets.get(id)).toEqual(read.offsets);
  });

  it('a position beyond the end is refused', async () => {
    const log = await opened();
    const writer = await log.writer();
    await writer.append(chunkOf([record(0, 'a')]));
    await writer.close();
    const end = (await log.ranges()).find((range) => partitionId(range) === 'events/0')?.end ?? 0n;
    const beyond = async (at: Partition) => (partitionId(at) === 'events/0' ? end + 1n : null);
    await expect(drain(log, beyond)).rejects.toMatchObject({ code: 'log:offsets_missing' });
  });

  it('a log that was wiped, made again and filled with more is never read as the one before', async () => {
    const log = await opened();
    const fill = async (values: readonly string[]) => {
      const writer = await log.writer();
      await writer.append(chunkOf(values.map((value) => record(0, value))));
      await writer.close();
    };
    await fill(['a', 'b']);
    const reader = await log.reader({ position: async () => null });
    for (let read = 0; read < 2; ) read += (await reader.poll(1000))?.values.length ?? 0;
    await log.wipe();
    await log.open();
    await fill(Array.from({ length: 50 }, (_, i) => `new ${i}`));

    const later: string[] = [];
    const goOn = async () => {
      for (let polls = 0; polls < 60; polls++)
        later.push(...Array.from((await reader.poll(500))?.values ?? [], String));
    };
    await expect(goOn()).rejects.toMatchObject({ code: 'log:made_anew' });
    expect(later).toEqual([]);
    await reader.close();
  });

  it('each partition is asked once where to begin, and committed positions do not matter', async () => {
    const log = await opened();
    const writer = await log.writer();
    await writer.append(chunkOf([record(0, 'a')]));
    const asked: string[] = [];
    await drain(log, async (at) => {
      asked.push(partitionId(at));
      return null;
    });
    expect(asked.sort()).toEqual(['dead-letters/0', 'events/0', 'events/1', 'events/2']);

    const ends = new Map((await log.ranges()).map((range) => [partitionId(range), range.end]));
    const reader = await log.reader({ group: 'conformance', position: async () => null });
    for (let first = null; first === null; ) first = await reader.poll(1000);
    await reader.commit(ends);
    await reader.close();
    expect(valuesOf(await drain(log, async () => null, 'conformance'), 'events/0').map(String)).toEqual([
      'a',
    ]);
    await writer.close();
  });

  it('poll answers null after about the time given, and soon when something comes', async () => {
    const log = await opened();
    const writer = await log.writer();
    const reader = await log.reader({ position: async () => null });
    while ((await reader.poll(2000)) !== null);
    const began = performance.now();
    expect(await reader.poll(700)).toBeNull();
    expect(performance.now() - began).toBeGreaterThan(600);
    expect(performance.now() - began).toBeLessThan(5_000);

    const waiting = reader.poll(30_000);
    const appended = performance.now();
    await writer.append(chunkOf([record(2, 'late')]));
    expect(Array.from((await waiting)?.values ?? [], String)).toEqual(['late']);
    expect(performance.now() - appended).toBeLessThan(20_000);
    await reader.close();
    await writer.close();
  });
}
