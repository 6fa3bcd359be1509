import { readdir, rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { StagedBatch } from '../../adapters/duckdb/staged-batch.ts';
import { Slices } from '../../core/slices.ts';
import { batchOf, type Value, Workplace } from '../processing/fixtures.ts';

let place: Workplace;
beforeAll(async () => {
  place = await Workplace.create();
});
afterAll(() => place.remove());

async function staged(batch: StagedBatch) {
  await batch.close();
  return place.sql.rows(
    `SELECT *, hex(value) AS hex FROM ${batch.relation('events')} ORDER BY log_partition, log_offset`,
  );
}

describe('staged records', () => {
  test.each<[string, Value, string, string | null]>([
    ['plain text', 'a,"b";c\\d', 'json', 'a,"b";c\\d'],
    ['nothing', '', 'json', ''],
    ['a tombstone', null, 'null', null],
    ['a tab', 'a\tb', 'json', 'a\tb'],
    ['line breaks', 'a\nb\r\nc\r', 'json', 'a\nb\r\nc\r'],
    ['a carriage return alone', 'a\rb', 'json', 'a\rb'],
    ['a NUL', 'a\0b', 'json', 'a\0b'],
    [
      'line breaks that only Unicode has',
      'a\u0085b\u2028c\u2029d\u000be\u000cf',
      'json',
      'a\u0085b\u2028c\u2029d\u000be\u000cf',
    ],
    ['a byte order mark', '\ufeffa', 'json', '\ufeffa'],
    ['what other readers take for null', '\\N', 'json', '\\N'],
    ['spaces at its ends', '  a  ', 'json', '  a  '],
    ['a comment sign', '#a', 'json', '#a'],
    ['quotes alone', '"', 'json', '"'],
    ['a million bytes', 'é'.repeat(500_000), 'json', 'é'.repeat(500_000)],
    ['a million bytes with a tab', `\t${'x'.repeat(999_999)}`, 'json', `\t${'x'.repeat(999_999)}`],
    ['a byte more than a million', 'x'.repeat(1_000_001), 'large', null],
    ['bytes that are no UTF-8', Buffer.of(0x61, 0xff, 0x62), 'bytes', null],
    ['a tab among bytes that are no UTF-8', Buffer.of(0x09, 0xff), 'bytes', null],
    ['a surrogate', Buffer.of(0xed, 0xa0, 0x80), 'bytes', null],
  ])('keep %s as it is', async (_what, value, form, text) => {
    const batch = await StagedBatch.create({ columns: [] }, place.temporary);
    // The neighbours must stay what they are, too.
    await batch.add(batchOf(['before', value, 'after']), 0n);
    const rows = await staged(batch);
    const hex = (kept: string | null) =>
      kept === null ? null : Buffer.from(kept).toString('hex').toUpperCase();
    expect(rows.map((row) => row.form)).toEqual(['json', form, 'json']);
    expect(rows.map((row) => (row.hex === null ? null : String(row.hex)))).toEqual([
      hex('before'),
      hex(text),
      hex('after'),
    ]);
    await batch.discard();
  });

  test('do not make one character of two halves in two values', async () => {
    const batch = await StagedBatch.create({ columns: [] }, place.temporary);
    await batch.add(batchOf([Buffer.of(0x61, 0xc3), Buffer.of(0xa9, 0x61)]), 0n);
    expect((await staged(batch)).map(({ form }) => form)).toEqual(['bytes', 'bytes']);
    await batch.discard();
  });

  test('keep the beginning of what is no text, in base64', async () => {
    const batch = await StagedBatch.create({ columns: [] }, place.temporary);
    const bytes = Buffer.alloc(20_000, 0xff);
    await batch.add(batchOf([bytes, 'x'.repeat(1_000_001)]), 0n);
    const [first, second] = await staged(batch);
    expect(Buffer.from(String(first?.raw), 'base64')).toEqual(bytes.subarray(0, 12_000));
    expect(Buffer.from(String(second?.raw), 'base64').toString()).toBe('x'.repeat(12_000));
    await batch.discard();
  });

  test('have the place and time that they have in the log, also where these are large', async () => {
    const batch = await StagedBatch.create({ columns: [] }, place.temporary);
    const far = {
      stream: 'events',
      partition: 999,
      from: 9007199254740990n,
      next: 9007199254740999n,
      offsets: [9007199254740993n, 9007199254740995n],
      timestamps: [1600948626123, 0],
      values: Slices.of([Buffer.from('a'), null]),
    } as const;
    await batch.add(far, 9007199254740990n);
    expect(await staged(batch)).toMatchObject([
      {
        log_partition: 999,
        log_offset: 9007199254740993n,
        log_timestamp: '2020-09-24T11:57:06.123Z',
        value: 'a',
      },
      {
        log_partition: 999,
        log_offset: 9007199254740995n,
        log_timestamp: '1970-01-01T00:00:00Z',
        value: null,
      },
    ]);
    expect(batch.next).toEqual(new Map([['events/999', 9007199254740999n]]));
    await batch.discard();
  });

  test('have no time where what their producer gave is none', async () => {
    const batch = await StagedBatch.create({ columns: [] }, place.temporary);
    const timestamps = [-1, 0, 253_402_300_799_999, 253_402_300_800_000, Number(2n ** 63n - 1n)];
    await batch.add({ ...batchOf(timestamps.map(() => 'a')), timestamps }, 0n);
    expect((await staged(batch)).map((row) => row.log_timestamp)).toEqual([
      null,
      '1970-01-01T00:00:00Z',
      '9999-12-31T23:59:59.999Z',
      null,
      null,
    ]);
    await batch.discard();
  });

  test('are taken from the offset asked for on; the batch then covers what was read, though it held nothing', async () => {
    const batch = await StagedBatch.create({ columns: [] }, place.temporary);
    const values = batchOf(['a', 'b', 'c', 'd']);
    await batch.add({ ...values, offsets: [0n, 2n, 5n, 6n], next: 9n }, 3n);
    await batch.add(
      { ...values, partition: 1, offsets: [], timestamps: [], values: new Slices(), next: 4n },
      0n,
    );
    await batch.add({ ...values, partition: 2 }, 9n);
    await batch.add({ ...values, stream: 'dead-letters' }, 1n);
    expect([batch.rowsOf('events'), batch.rowsOf('dead-letters'), batch.rows]).toEqual([2, 3, 5]);
    expect([...batch.next]).toEqual([
      ['events/0', 9n],
      ['events/1', 4n],
      ['events/2', 4n],
      ['dead-letters/0', 4n],
    ]);
    expect((await staged(batch)).map((row) => [row.log_offset, row.value])).toEqual([
      [5n, 'c'],
      [6n, 'd'],
    ]);
    await batch.discard();
  });

  test('that cannot be written are an error of the call that adds them', async () => {
    const batch = await StagedBatch.create({ columns: [] }, place.temporary);
    await rm(batch.folder, { recursive: true });
    await expect(batch.add(batchOf(['a']), 0n)).rejects.toMatchObject({ code: 'ENOENT' });
    await batch.discard();
  });

  test('leave nothing behind', async () => {
    const before = await readdir(place.temporary);
    const batch = await StagedBatch.create({ columns: [] }, place.temporary);
    await batch.add(batchOf(['a']), 0n);
    await batch.discard();
    expect(await readdir(place.temporary)).toEqual(before);
  });
});
