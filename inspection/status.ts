import type { EventLog, ProfileIndex } from '../core/contracts.ts';
import { partitionId } from '../core/contracts.ts';
import type { DeltaTable } from '../lake/table.ts';
import { computedFrom } from '../processing/model.ts';
import { type ArchiveTables, Positions } from '../processing/positions.ts';

/** What is looked at. */
export interface StatusContext {
  readonly log: EventLog;
  readonly tables: ArchiveTables;
  readonly profiles: DeltaTable | null;
  readonly index: ProfileIndex | null;
}

/** Where every hop stands. Offsets and versions are strings, as JSON numbers are not exact beyond 2^53. */
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
  /** Whether the profiles were computed from the newest events. */
  readonly profilesUpToDate: boolean;
  readonly index: { index: string; documents: number } | null;
}

/** Reads positions, lag and sizes; changes nothing. `lag` counts offsets that are not in the lake yet, control records included. */
export async function status({ log, tables, profiles, index }: StatusContext): Promise<StatusReport> {
  const ranges = await log.ranges();
  const positions = ranges.length > 0 ? await Positions.read(log, (await log.open()).id, tables) : null;
  const partitions = ranges.map((range) => {
    const archived = positions?.next(range) ?? null;
    const from = archived ?? range.start;
    return {
      partition: partitionId(range),
      start: String(range.start),
      end: String(range.end),
      archived: archived === null ? null : String(archived),
      lag: Number(range.end > from ? range.end - from : 0n),
    };
  });
  const [events, derived] = [await tables.events.snapshot(), (await profiles?.snapshot()) ?? null];
  const report: StatusReport['tables'] = [];
  for (const table of [tables.events, tables.rejected, ...(profiles ? [profiles] : [])]) {
    const snapshot = await table.snapshot();
    if (!snapshot) continue;
    const bytes = snapshot.files.reduce((sum, file) => sum + file.bytes, 0);
    report.push({
      table: table.path,
      version: String(snapshot.version),
      rows: Number(snapshot.rows),
      files: snapshot.files.length,
      bytes,
    });
  }
  return {
    log: log.description,
    files: (await log.ledger()).map(({ file, rows, bytes, complete, updatedAt }) => ({
      file,
      rows,
      bytes,
      complete,
      updatedAt,
    })),
    partitions,
    lag: partitions.reduce((sum, partition) => sum + partition.lag, 0),
    tables: report,
    profilesUpToDate: (derived ? computedFrom(derived) : null) === (events?.version ?? null),
    index: index ? { index: index.description, documents: await index.count() } : null,
  };
}
