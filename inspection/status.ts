import type { EventLog, Partition } from '../core/contracts.ts';
import { partitionId } from '../core/contracts.ts';
import type { Sink, Warehouse } from '../core/sink.ts';
import type { DeltaTable } from '../lake/table.ts';
import { computedFrom } from '../processing/model-inputs.ts';
import { type ArchiveTables, Positions } from '../processing/positions.ts';
import type { NamedCopy } from './copies.ts';
import { type PublishedState, publishedState } from './published.ts';

/** What is looked at. */
export interface StatusContext {
  readonly log: EventLog;
  readonly tables: ArchiveTables;
  readonly profiles: DeltaTable | null;
  readonly index: Sink | null;
  /** The copies in PostgreSQL. */
  readonly warehouse?: readonly NamedCopy[];
  /** Says which versions they show. */
  readonly database?: Warehouse | null;
  /** The tables of the models, by name. */
  readonly derived?: ReadonlyMap<string, DeltaTable>;
}

/** A partition of the log, and how far the lake has come in it. */
export interface PartitionLag {
  readonly partition: Partition;
  readonly start: bigint;
  readonly end: bigint;
  /** The next offset that the lake waits for; null: nothing of it yet. */
  readonly archived: bigint | null;
  /** Offsets that are not in the lake yet, control records included. */
  readonly lag: number;
}

/** A table's newest version. */
export interface TableSize {
  readonly table: string;
  readonly version: bigint;
  readonly rows: number;
  readonly files: number;
  readonly bytes: number;
}

/** Where every stage stands. Offsets and versions are strings, as JSON numbers are not exact beyond 2^53. */
export interface StatusReport {
  readonly log: string;
  readonly files: { file: string; rows: number; bytes: number; complete: boolean; updatedAt: string }[];
  readonly partitions: {
    partition: string;
    start: string;
    end: string;
    archived: string | null;
    lag: number;
  }[];
  readonly lag: number;
  readonly tables: { table: string; version: string; rows: number; files: number; bytes: number }[];
  /** Whether the profiles were computed from the newest events; true where the dataset has no model. */
  readonly profilesUpToDate: boolean;
  readonly index: { index: string; documents: number } | null;
  readonly warehouse?: (PublishedState & { rows: number })[];
}

/** How far the lake is behind the log, partition by partition; none while there are no topics. */
export async function lagOf(log: EventLog, tables: ArchiveTables): Promise<PartitionLag[]> {
  const ranges = await log.ranges();
  const id = await log.id();
  const positions = id === null ? null : await Positions.read(log, id, tables);
  return ranges.map((range) => {
    const { stream, partition, start, end } = range;
    const archived = positions?.next(range) ?? null;
    const from = archived ?? start;
    const lag = Number(end > from ? end - from : 0n);
    return { partition: { stream, partition }, start, end, archived, lag };
  });
}

/** The newest versions of those tables that exist. */
export async function sizesOf(tables: readonly DeltaTable[]): Promise<TableSize[]> {
  const sizes: TableSize[] = [];
  for (const table of tables) {
    const snapshot = await table.snapshot();
    if (!snapshot) continue;
    const { version, rows, files } = snapshot;
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    sizes.push({ table: table.path, version, rows: Number(rows), files: files.length, bytes });
  }
  return sizes;
}

/** Reads positions, lag and sizes; changes nothing. */
export async function status(context: StatusContext): Promise<StatusReport> {
  const { log, tables, profiles, index } = context;
  const partitions = await lagOf(log, tables);
  const sizes = await sizesOf([tables.events, tables.rejected, ...(profiles ? [profiles] : [])]);
  const copies = await copiesOf(context);
  const [events, derived] = [await tables.events.snapshot(), (await profiles?.snapshot()) ?? null];
  return {
    log: log.description,
    files: (await log.ledger()).map(({ file, rows, bytes, complete, updatedAt }) => ({
      file,
      rows,
      bytes,
      complete,
      updatedAt,
    })),
    partitions: partitions.map(({ partition, start, end, archived, lag }) => ({
      partition: partitionId(partition),
      start: String(start),
      end: String(end),
      archived: archived === null ? null : String(archived),
      lag,
    })),
    lag: partitions.reduce((sum, { lag }) => sum + lag, 0),
    tables: sizes.map((size) => ({ ...size, version: String(size.version) })),
    profilesUpToDate:
      profiles === null ||
      (derived && events ? computedFrom(derived, events) : null) === (events?.version ?? null),
    index: index ? { index: index.description, documents: await index.count() } : null,
    ...(copies.length > 0 ? { warehouse: copies } : {}),
  };
}

/** What the copies hold, and which version of the lake's tables. */
async function copiesOf({
  warehouse = [],
  database,
  derived,
}: StatusContext): Promise<NonNullable<StatusReport['warehouse']>> {
  const versions = (await database?.versions()) ?? [];
  const copies: NonNullable<StatusReport['warehouse']> = [];
  for (const { table, sink } of warehouse) {
    const shown = versions.find((one) => one.table === table) ?? { table, tableId: null, version: null };
    const inLake = (await derived?.get(table)?.snapshot()) ?? null;
    const { version, newest } = publishedState(shown, inLake);
    copies.push({ table, rows: await sink.count(), version, newest });
  }
  return copies;
}
