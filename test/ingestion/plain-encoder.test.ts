import { expect, test } from '@jest/globals';
import { OutgoingRecords } from '../../core/outgoing-records.ts';
import { PlainLineEncoder } from '../../ingestion/plain-encoder.ts';
import { plainRecords } from '../../ingestion/plain-records.ts';

const ROWS = 700;

/** Chunk `n` of a file: rows of about 600 bytes, and their events. */
function chunkOf(n: number): { lines: Buffer; events: string[] } {
  const rows = Array.from({ length: ROWS }, (_, i) => [`${n}-${i}`, `${(n * i) % 7}`.repeat(600)]);
  return {
    lines: Buffer.from(rows.map((row) => `${row.join()}\n`).join('')),
    events: rows.map(([id, text]) => JSON.stringify({ id, text })),
  };
}

test('the memory of a chunk is used again, and never that of one that is still on its way', () => {
  const encoder = new PlainLineEncoder(
    ['id', 'text'].map((name, index) => ({ name, index })),
    0,
  );
  const pages = new Set<Buffer>();
  let onItsWay: { records: OutgoingRecords; events: string[] } | null = null;
  for (let n = 0; n < 20; n += 1) {
    const { lines, events } = chunkOf(n);
    const group = plainRecords(lines, 1, 2, ',');
    const records = new OutgoingRecords();
    for (let i = 0; i < ROWS; i += 1) {
      if (group?.plain) encoder.encode(group.bytes, group.plain, i, records);
      // Events of lines that are not plain lie between.
      if (i % 100 === 0) records.values.pushText('other');
    }
    for (const page of records.values.buffers) if (page.length > 10) pages.add(page);
    // The chunk before becomes durable when this one is gathered.
    if (onItsWay) {
      const texts = Array.from(onItsWay.records.values, String).filter((text) => text !== 'other');
      expect(texts).toEqual(onItsWay.events);
      encoder.release(onItsWay.records);
    }
    onItsWay = { records, events };
  }
  // Of the 33 that they fill.
  expect(pages.size).toBeLessThan(10);
});
