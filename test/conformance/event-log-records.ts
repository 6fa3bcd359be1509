import { expect } from '@jest/globals';
import type { Chunk, EventLog, LedgerEntry, ReaderOptions } from '../../core/contracts.ts';
import { partitionId } from '../../core/contracts.ts';
import { type OutgoingRecord, OutgoingRecords } from '../../core/outgoing-records.ts';
import type { SourceLine } from '../../core/source-lines.ts';

/** How long no batch may come; how many there are says nothing of how long they take. */
const SILENCE_MS = 60_000;

/** A chunk with these records whose progress is of `ingestion`, `lines` lines in. */
export function chunkOf(
  events: readonly OutgoingRecord[],
  deadLetters: readonly OutgoingRecord[] = [],
  progress: Partial<LedgerEntry> = {},
): Chunk {
  return {
    events: OutgoingRecords.of(events),
    deadLetters: OutgoingRecords.of(deadLetters),
    progress: { ...entry('ingestion-1', 1), ...progress },
  };
}

/** A ledger entry of `ingestion`, `lines` lines in. */
export function entry(ingestion: string, lines: number): LedgerEntry {
  return {
    ingestion,
    file: 'data/ünïcode "file".csv',
    bytes: lines * 100,
    sha256: 'ab'.repeat(32),
    lines,
    rows: lines,
    events: lines - 1,
    deadLetters: 1,
    complete: lines > 5,
    updatedAt: '2026-01-02T03:04:05.678Z',
  };
}

export function record(
  partition: number,
  value: string | Buffer,
  key: string | Buffer | null = null,
): OutgoingRecord {
  return { partition, key: key === null ? null : Buffer.from(key), value: Buffer.from(value) };
}

/** All that was read of one partition. */
export interface Read {
  readonly offsets: bigint[];
  readonly timestamps: number[];
  readonly values: (Buffer | null)[];
  readonly sources: (SourceLine | null)[];
}

/**
 * Reads a log that nobody writes to, from `position` to its end, and requires of every batch what the
 * contract says: that it resumes where the one before ended, and that the last ends where the partition ends.
 */
export async function drain(
  log: EventLog,
  position: ReaderOptions['position'] = async () => null,
  group?: string,
  skip?: readonly string[],
): Promise<Map<string, Read>> {
  const ranges = new Map((await log.ranges()).map((range) => [partitionId(range), range]));
  const positions = new Map<string, bigint>();
  const read = new Map<string, Read>();
  for (const id of ranges.keys()) read.set(id, { offsets: [], timestamps: [], values: [], sources: [] });
  const reader = await log.reader({
    ...(group === undefined ? {} : { group }),
    ...(skip === undefined ? {} : { skip: new Set(skip) }),
    position: async (partition) => {
      const given = await position(partition);
      const id = partitionId(partition);
      positions.set(id, given ?? ranges.get(id)?.start ?? -1n);
      return given;
    },
  });
  const unread = () => [...ranges].filter(([id, { end }]) => (positions.get(id) ?? -1n) < end);
  let heard = performance.now();
  try {
    while (unread().length > 0 || positions.size < ranges.size) {
      if (performance.now() - heard > SILENCE_MS) {
        const missing = unread().map(([id, { end }]) => `${id} at ${positions.get(id)} of ${end}`);
        throw new Error(`Nothing came for ${SILENCE_MS} ms: ${missing.join(', ')}`);
      }
      const batch = await reader.poll(1000);
      if (batch === null) continue;
      heard = performance.now();
      const { from, next, offsets, timestamps, values } = batch;
      const sources = batch.sources ? [...batch.sources] : offsets.map(() => null);
      const id = partitionId(batch);
      expect({ id, from }).toEqual({ id, from: positions.get(id) });
      expect(next).toBeGreaterThan(from);
      expect(next).toBeLessThanOrEqual(ranges.get(id)?.end ?? -1n);
      expect([timestamps.length, values.length, sources.length]).toEqual(Array(3).fill(offsets.length));
      let least = from;
      for (const offset of offsets) {
        if (offset < least) throw new Error(`${id}: offset ${offset} where at least ${least} is due`);
        least = offset + 1n;
      }
      expect(least).toBeLessThanOrEqual(next);
      positions.set(id, next);
      read.get(id)?.offsets.push(...offsets);
      read.get(id)?.timestamps.push(...timestamps);
      read.get(id)?.values.push(...values);
      read.get(id)?.sources.push(...sources);
    }
  } finally {
    await reader.close();
  }
  return read;
}

/** The values of a partition, none of which may be null. */
export function valuesOf(read: ReadonlyMap<string, Read>, id: string): Buffer[] {
  const values = read.get(id)?.values;
  if (values === undefined) throw new Error(`There is no partition ${id}`);
  return values.map((value) => {
    if (value === null) throw new Error(`${id} holds a null value`);
    return value;
  });
}
