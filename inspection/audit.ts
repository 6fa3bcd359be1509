import type { EventLog, PartitionRange } from '../core/contracts.ts';
import { partitionId } from '../core/contracts.ts';
import { newestFiles } from '../lake/local-files.ts';
import { auditCopies, type CopiesContext, compareIndex, indexText } from './copies.ts';
import { foreignChanges } from './foreign-changes.ts';
import {
  countProfiles,
  type LakeContext,
  type ProfileCount,
  skippedBatches,
  tallyLake,
} from './tally-lake.ts';
import { tallyLog, total } from './tally-log.ts';

/** The stores that are counted. */
export interface AuditContext extends CopiesContext, LakeContext {
  readonly log: EventLog;
}

/**
 * Every row at every stage. `removed`: records that retention has taken from the log; they are counted where
 * they are left, in the lake.
 */
export interface AuditReport {
  readonly dataset: string;
  readonly balanced: boolean;
  readonly file: { readonly rows: number };
  readonly log: { readonly events: number; readonly deadLetters: number; readonly removed: number };
  readonly lake: {
    readonly events: number;
    readonly rejected: Record<string, number>;
    readonly duplicates: number;
  };
  readonly profiles: ProfileCount;
  /** `differing`: documents that are missing, are not as their profile, or have none. */
  readonly index: { readonly documents: number; readonly differing: number } | null;
  /** The same of each further index; absent where there is one at most. */
  readonly indices?: {
    readonly table: string;
    readonly documents: number;
    readonly differing: number;
  }[];
  /** The same of each table in PostgreSQL; absent where none is published there. */
  readonly warehouse?: {
    readonly table: string;
    readonly rows: number;
    readonly differing: number;
  }[];
  /** What does not balance, in words. */
  readonly differences: string[];
  /** What a reader should know besides, in words. */
  readonly notes: string[];
}

/**
 * Counts again what every store holds: the log's records one by one, the tables' rows in their files, the
 * index's documents, which are also compared with the profiles field by field. Of our own bookkeeping it uses
 * only the ledger's number of rows per file.
 */
export async function audit(context: AuditContext): Promise<AuditReport> {
  context.files.recheck();
  const ranges = await context.log.ranges();
  const ledger = await context.log.ledger();
  const skipped = await skippedBatches(context);
  const [logged, { lake, profiles }] = await together(
    tallyLog(context.log, ranges, new Set(skipped.map(({ name }) => name))),
    countTables(context, ranges),
  );
  const index = await compareIndex(context);
  const indices = await auditCopies(context, context.indices, { unit: 'documents', name: 'Elasticsearch' });
  const warehouse = await auditCopies(context, context.warehouse, { unit: 'rows', name: 'PostgreSQL' });

  const fileRows = ledger.reduce((sum, entry) => sum + entry.rows, 0);
  const events = total(logged, 'events');
  const deadLetters = total(logged, 'dead-letters');
  const rejectedRows = Object.values(lake.rejected).reduce((sum, n) => sum + n, 0);
  const [inLog, kept] = [events + deadLetters + lake.removed, lake.events + rejectedRows];
  const differences: string[] = [];
  const expect = (what: string, left: number, right: number, hint: string) => {
    if (left !== right) differences.push(`${what}: ${left} is not ${right}. ${hint}`);
  };
  // What was in a skipped batch is not known: rows of the files, or records of another producer.
  const readable = events + deadLetters + lake.removed - skipped.length;
  const claimed = skipped.reduce((sum, { records }) => sum + records, 0);
  if (context.dataset.source.type !== 'topic') {
    expect(
      'rows of the files = events + dead letters of the log',
      fileRows,
      Math.min(Math.max(fileRows, readable), readable + claimed),
      'Is ingest unfinished, does another producer write to the topic, or did it lose records before they were archived?',
    );
  }
  expect(
    'events + dead letters of the log = events + rejected in the lake',
    inLog,
    kept,
    'Run: eventlake process',
  );
  if (inLog !== kept) {
    for (const table of [context.events, context.rejected])
      differences.push(...(await foreignChanges(table)));
  }
  for (const [partition, tally] of logged) {
    const inLake = lake.tallies.get(partition) ?? { count: 0n, offsets: 0n };
    if (tally.count === inLake.count && tally.offsets !== inLake.offsets) {
      differences.push(`${partition}: the lake has as many records as the log, but not the same offsets`);
    }
    // Where the sums differ, that has been said already.
    if (tally.count !== inLake.count && inLog === kept) {
      differences.push(`${partition}: ${tally.count} records in the log are not ${inLake.count} in the lake`);
    }
  }
  if (context.profiles) {
    if (profiles.events !== null) {
      expect(
        'events of the profiles = events in the lake − duplicates',
        profiles.events,
        lake.events - lake.duplicates,
        'Run: eventlake process',
      );
    }
    if (index && index.differing > 0) differences.push(indexText(index, profiles.users));
  }
  differences.push(...[...indices, ...warehouse].flatMap(({ difference }) => difference ?? []));
  return {
    dataset: context.dataset.name,
    balanced: differences.length === 0,
    file: { rows: fileRows },
    log: { events, deadLetters, removed: lake.removed },
    lake: { events: lake.events, rejected: lake.rejected, duplicates: lake.duplicates },
    profiles,
    index: index && { documents: index.rows, differing: index.differing },
    ...(indices.length > 0
      ? { indices: indices.map(({ table, rows, differing }) => ({ table, documents: rows, differing })) }
      : {}),
    ...(warehouse.length > 0
      ? { warehouse: warehouse.map(({ table, rows, differing }) => ({ table, rows, differing })) }
      : {}),
    differences,
    notes: [
      ...ranges
        .filter((range) => range.start > 0n)
        .map(
          (range) =>
            `${partitionId(range)} begins at offset ${range.start}: what was before it has been removed by retention, and is counted where the lake has it`,
        ),
      ...skipped.map(
        ({ name, detail }) =>
          `the batch ${name} could not be read and was skipped, and counts as one record; whether it held rows of the files is not known: ${detail}`,
      ),
    ],
  };
}

async function countTables(context: AuditContext, ranges: readonly PartitionRange[]) {
  const lake = await tallyLake(context, ranges);
  const profiles = await countProfiles(context);
  for (const table of context.derived.values()) await newestFiles(table, context.files);
  return { lake, profiles };
}

/** Both results, once both have ended: neither still reads when a failure of the other closes the stores. */
async function together<A, B>(one: Promise<A>, other: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([one, other]);
  return Promise.all([one, other]);
}
