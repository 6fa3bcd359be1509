import type { EventLog, Partition, PartitionRange } from '../core/contracts.ts';
import { partitionId } from '../core/contracts.ts';
import type { ArchiveJob } from '../core/engine.ts';
import { EventlakeError } from '../core/errors.ts';
import type { Snapshot } from '../lake/snapshot.ts';
import type { DeltaTable } from '../lake/table.ts';

/** The two tables that the archive stage writes. */
export interface ArchiveTables {
  readonly events: DeltaTable;
  readonly rejected: DeltaTable;
}

/**
 * How far the archive has come, as its two tables themselves say: the Delta transaction version of each
 * partition is the next offset to read. A partition of events feeds both tables, and may be further in one of
 * them after a crash between their commits.
 */
export class Positions {
  readonly #logId: string;
  readonly #tables: ArchiveTables;
  events: Snapshot | null = null;
  rejected: Snapshot | null = null;

  private constructor(logId: string, tables: ArchiveTables) {
    this.#logId = logId;
    this.#tables = tables;
  }

  /**
   * @throws `lake:other_log` when the tables hold what another log, or an earlier one of the same name, held.
   */
  static async read(log: EventLog, logId: string, tables: ArchiveTables): Promise<Positions> {
    const positions = new Positions(logId, tables);
    await positions.refresh();
    for (const snapshot of [positions.events, positions.rejected]) {
      const other = [...(snapshot?.txns.keys() ?? [])].find((app) => !app.startsWith(`${logId}/`));
      if (other !== undefined) {
        throw new EventlakeError(
          'lake:other_log',
          `The lake was filled from another log than ${log.description}: its tables know ${other}`,
          {
            hint: 'Was the topic deleted, or KAFKA_BROKERS changed? Point the settings at the log that the lake belongs to, or start from the beginning with: eventlake reset --yes',
          },
        );
      }
    }
    return positions;
  }

  /**
   * Reads the tables again.
   * @throws `lake:replaced` when a table was deleted, or another took its place: the log may be another one
   *   too, so that all is to be opened again.
   */
  async refresh(): Promise<void> {
    const [events, rejected] = await Promise.all([
      this.#tables.events.snapshot(),
      this.#tables.rejected.snapshot(),
    ]);
    requireSame(this.#tables.events, this.events, events);
    requireSame(this.#tables.rejected, this.rejected, rejected);
    this.events = events;
    this.rejected = rejected;
  }

  /** The application id under which a table records a partition. */
  app(partition: string): string {
    return `${this.#logId}/${partition}`;
  }

  ofEvents(partition: string): bigint | null {
    return this.events?.txns.get(this.app(partition)) ?? null;
  }

  ofRejected(partition: string): bigint | null {
    return this.rejected?.txns.get(this.app(partition)) ?? null;
  }

  /** The first offsets that the tables lack, of those of the partitions that they know. */
  known(partitions: Iterable<string>): ArchiveJob['from'] {
    const [events, rejected] = [new Map<string, bigint>(), new Map<string, bigint>()];
    for (const partition of partitions) {
      const [ofEvents, ofRejected] = [this.ofEvents(partition), this.ofRejected(partition)];
      if (ofEvents !== null) events.set(partition, ofEvents);
      if (ofRejected !== null) rejected.set(partition, ofRejected);
    }
    return { events, rejected };
  }

  /**
   * Where reading resumes: the lesser of the tables that the partition feeds. Null: from its first offset.
   */
  next(partition: Partition): bigint | null {
    const id = partitionId(partition);
    const rejected = this.ofRejected(id);
    if (partition.stream === 'dead-letters') return rejected;
    const events = this.ofEvents(id);
    if (events === null || rejected === null) return null;
    const eventsAhead = events > rejected;
    return eventsAhead ? rejected : events;
  }

  /**
   * Requires that the log can continue where the lake ends: `ranges` were asked for after the positions were
   * read. A partition that has nothing left to read would not be asked by a reader.
   * @throws `log:offsets_missing` when records are gone that the lake lacks, or when the log ends before the
   *   lake does.
   */
  requireIn(ranges: readonly PartitionRange[]): void {
    for (const range of ranges) {
      const next = this.next(range);
      if (next !== null) requireHeld(range, next);
    }
  }

  /** Whether everything up to these ends is in the lake. */
  cover(ends: readonly PartitionRange[]): boolean {
    return ends.every((range) => range.start === range.end || (this.next(range) ?? 0n) >= range.end);
  }
}

/**
 * Requires that reading can resume in the range at `next`.
 * @throws `log:offsets_missing`
 */
export function requireHeld(range: PartitionRange, next: bigint): void {
  if (next >= range.start && next <= range.end) return;
  throw new EventlakeError(
    'log:offsets_missing',
    `${partitionId(range)} should be read on at offset ${next}, but the log holds ${range.start} up to ${range.end}`,
    {
      hint:
        next < range.start
          ? 'Retention removed records before they were archived. Let the topic keep more; start from the beginning with: eventlake reset --yes'
          : 'The log has lost records that the lake has. Start from the beginning with: eventlake reset --yes',
    },
  );
}

function requireSame({ path }: DeltaTable, known: Snapshot | null, now: Snapshot | null): void {
  if (known === null || known.metaData.id === now?.metaData.id) return;
  throw new EventlakeError(
    'lake:replaced',
    `table ${path} was ${now ? 'deleted and made again' : 'deleted'} while it was written`,
    { hint: 'Nothing was written into the new one. Run this again.', retriable: true },
  );
}
