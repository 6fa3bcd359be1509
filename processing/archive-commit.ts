import type { NewFile } from '../core/data-files.ts';
import type { Dataset } from '../core/dataset.ts';
import type { ArchivedFiles } from '../core/engine.ts';
import { hasCode } from '../core/errors.ts';
import { eventsFields, MONTH, REJECTED_FIELDS } from '../core/lake-tables.ts';
import type { CommitRequest } from '../lake/commit.ts';
import type { Snapshot } from '../lake/snapshot.ts';
import type { DeltaTable } from '../lake/table.ts';
import type { ArchiveTables, Positions } from './positions.ts';

/**
 * Commits what a batch became, first what is rejected and then the events, each with the positions that the
 * batch leads to. Answers with the `events` table as it then is.
 * @throws `lake:superseded` when another worker has moved one of the batch's partitions since `positions`
 *   were read.
 */
export async function commitBatch(
  tables: ArchiveTables,
  dataset: Dataset,
  positions: Positions,
  { computedBy, next, events, rejected }: ArchivedFiles,
): Promise<Snapshot | null> {
  const txns = (known: (partition: string) => bigint | null, stream: string) =>
    new Map(
      [...next]
        .filter(([partition, end]) => partition.startsWith(stream) && end > (known(partition) ?? -1n))
        .map(([partition, end]) => [positions.app(partition), end] as const),
    );
  await commit(
    tables.rejected,
    positions.rejected,
    { fields: REJECTED_FIELDS, partitionBy: [], computedBy },
    rejected,
    txns((p) => positions.ofRejected(p), ''),
  );
  return commit(
    tables.events,
    positions.events,
    { fields: eventsFields(dataset), partitionBy: [MONTH], computedBy },
    events,
    txns((p) => positions.ofEvents(p), 'events/'),
  );
}

/** Makes the `events` table where it is missing, so that models are computed before there is any event. */
export async function makeEventsTable(events: DeltaTable, dataset: Dataset): Promise<void> {
  if (await events.snapshot()) return;
  try {
    await events.commit({
      ...{ base: null, fields: eventsFields(dataset), partitionBy: [MONTH] },
      ...{ add: [], remove: 'none', txns: new Map(), operation: 'WRITE' },
    });
  } catch (error) {
    // Another worker has made it.
    if (!hasCode(error, 'lake:superseded')) throw error;
  }
}

async function commit(
  table: DeltaTable,
  base: Snapshot | null,
  layout: Pick<CommitRequest, 'fields' | 'partitionBy' | 'computedBy'>,
  add: readonly NewFile[],
  txns: ReadonlyMap<string, bigint>,
): Promise<Snapshot | null> {
  if (txns.size === 0) return base;
  return table.commit({ base, ...layout, add, remove: 'none', txns, operation: 'WRITE' });
}
