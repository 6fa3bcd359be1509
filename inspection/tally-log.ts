import { type EventLog, type PartitionRange, partitionId, type RecordBatch } from '../core/contracts.ts';
import { EventlakeError } from '../core/errors.ts';

const POLL_MS = 1000;
const STALLED_POLLS = 30;

/**
 * Records of one partition: how many, and the sum of their offsets, which tells the same records from as many
 * others.
 */
export interface Tally {
  count: bigint;
  offsets: bigint;
}

/**
 * Counts the records that the log holds in these ranges, by partition. A batch that is in `skip` and cannot
 * be read counts as one record.
 * @throws EventlakeError `log:stalled` when the log gives no more of them; what its reader throws
 */
export async function tallyLog(
  log: EventLog,
  ranges: readonly PartitionRange[],
  skip: ReadonlySet<string>,
): Promise<Map<string, Tally>> {
  const tallies = new Map<string, Tally>(
    ranges.map((range) => [partitionId(range), { count: 0n, offsets: 0n }]),
  );
  const left = new Map(
    ranges.filter((range) => range.end > range.start).map((range) => [partitionId(range), range.end]),
  );
  if (left.size === 0) return tallies;
  const reader = await log.reader({ position: async () => null, skip, countOnly: true });
  try {
    for (let idle = 0; left.size > 0; ) {
      const batch = await reader.poll(POLL_MS);
      idle = batch ? 0 : idle + 1;
      if (idle > STALLED_POLLS) {
        throw new EventlakeError(
          'log:stalled',
          `${log.description} gives no more records, though ${[...left.keys()].join(', ')} should have some`,
          { retriable: true },
        );
      }
      if (!batch) continue;
      const id = partitionId(batch);
      const end = left.get(id);
      const tally = tallies.get(id);
      if (end === undefined || !tally) continue;
      count(batch, end, tally);
      if (batch.next >= end) left.delete(id);
    }
  } finally {
    await reader.close();
  }
  return tallies;
}

/** Adds a batch's records up to `end`: those that came after the audit began are not its concern. */
function count({ from, next, offsets, gapless }: RecordBatch, end: bigint, tally: Tally): void {
  if (gapless) {
    const last = (next < end ? next : end) - 1n;
    const records = last - from + 1n;
    tally.count += records;
    tally.offsets += (records * (from + last)) / 2n;
    return;
  }
  for (const offset of offsets) {
    if (offset >= end) return;
    tally.count += 1n;
    tally.offsets += offset;
  }
}

/** The records of all partitions of a stream. */
export function total(tallies: ReadonlyMap<string, Tally>, stream: string): number {
  return [...tallies].reduce(
    (sum, [id, tally]) => (id.startsWith(`${stream}/`) ? sum + Number(tally.count) : sum),
    0,
  );
}
