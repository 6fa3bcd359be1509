import type { PublishedVersion } from '../core/sink.ts';
import type { Snapshot } from '../lake/snapshot.ts';

/** A table in PostgreSQL beside that of the lake. Versions are strings, as JSON numbers are not exact. */
export interface PublishedState {
  readonly table: string;
  /** The version that it shows completely; null where it shows none, or one of another table. */
  readonly version: string | null;
  /** The newest version in the lake; null where it has no such table. */
  readonly newest: string | null;
}

/** Compares what a published table shows with the table of the lake. */
export function publishedState(
  { table, tableId, version }: PublishedVersion,
  inLake: Snapshot | null,
): PublishedState {
  const isShown = version !== null && inLake?.metaData.id === tableId;
  return {
    table,
    version: isShown ? String(version) : null,
    newest: inLake ? String(inLake.version) : null,
  };
}
