import type { DataFile, TableVersion } from '../core/data-files.ts';
import { EventlakeError } from '../core/errors.ts';
import {
  type Action,
  type AddAction,
  corrupt,
  type MetaDataAction,
  type ProtocolAction,
  type RemoveAction,
} from './actions.ts';
import { DIGEST_TAG } from './digest.ts';
import { type Commit, commitId, commitKey } from './log.ts';
import { parseSchema } from './schema.ts';

/** A file that is no longer part of the table; readers of older versions may still use it. */
export interface Tombstone {
  readonly path: string;
  /** In milliseconds since the epoch. */
  readonly removed: number;
}

/** A table as one version shows it. Immutable. */
export interface Snapshot extends Omit<TableVersion, 'path'> {
  /**
   * {@link commitId} of the commit that led to this version; null when the log no longer holds it, only a
   * checkpoint.
   */
  readonly commitId: string | null;
  /**
   * How far each application has written into the table, by application id: its Delta transaction version.
   */
  readonly txns: ReadonlyMap<string, bigint>;
  readonly tombstones: readonly Tombstone[];
  readonly metaData: MetaDataAction;
  readonly protocol: ProtocolAction;
}

/**
 * Applies commits, in ascending order without gaps, to a snapshot (null: to nothing) by the rules of the
 * protocol's "Action Reconciliation". A checkpoint is given as one commit of its version. `lake:unsupported`
 * for tables that other programs have moved beyond reader version 1.
 */
export function replay(table: string, base: Snapshot | null, commits: readonly Commit[]): Snapshot {
  let protocol = base?.protocol;
  let metaData = base?.metaData;
  const files = new Map(base?.files.map((file) => [file.path, file]));
  const tombstones = new Map(base?.tombstones.map((tombstone) => [tombstone.path, tombstone]));
  const txns = new Map(base?.txns);
  for (const { version, actions } of commits) {
    for (const action of actions) {
      if (action.commitInfo) requireOwn(table, version, action.commitInfo.tableId, metaData?.id);
      if (action.protocol) protocol = action.protocol;
      else if (action.metaData) metaData = action.metaData;
      else if (action.txn) txns.set(action.txn.appId, BigInt(action.txn.version));
      else if (action.add) {
        const file = dataFile(table, action.add);
        files.set(file.path, file);
        tombstones.delete(file.path);
      } else if (action.remove) {
        const path = decodePath(table, action.remove.path);
        files.delete(path);
        tombstones.set(path, { path, removed: Number(action.remove.deletionTimestamp ?? 0) });
      }
    }
  }
  const last = commits.at(-1);
  const version = last?.version ?? base?.version;
  if (protocol === undefined || metaData === undefined || version === undefined) {
    throw new EventlakeError('lake:corrupt', `table ${table}: its log does not say its protocol and schema`, {
      hint: 'The first commit or checkpoint of the log is damaged or missing. Restore it from a copy.',
    });
  }
  if (protocol.minReaderVersion > 1) {
    throw new EventlakeError(
      'lake:unsupported',
      `table ${table} needs Delta reader version ${protocol.minReaderVersion}; eventlake reads version 1`,
      { hint: 'Another program has turned on newer table features. Give the dataset another name.' },
    );
  }
  const fields = metaData === base?.metaData ? base.fields : parseSchema(metaData.schemaString, table);
  const absent = metaData.partitionColumns.find((column) => !fields.some(({ name }) => name === column));
  if (absent !== undefined)
    throw corrupt(`table ${table}`, `its partition column ${absent} is not in its schema`);
  let rows = 0n;
  for (const file of files.values()) rows += BigInt(file.rows);
  return {
    version,
    commitId: last ? commitId(last) : (base?.commitId ?? null),
    fields,
    partitionBy: metaData.partitionColumns,
    files: [...files.values()],
    txns,
    rows,
    tombstones: [...tombstones.values()],
    metaData,
    protocol,
  };
}

/** A commit that names another table was made for one that stood here before, and came late. */
function requireOwn(table: string, version: bigint, named: string | undefined, id: string | undefined): void {
  if (named === undefined || id === undefined || named === id) return;
  throw new EventlakeError(
    'lake:foreign_commit',
    `table ${table}: version ${version} was written for the table ${named}, which was deleted; this one is ${id}`,
    {
      hint: `Its writer removes it at once, unless it was killed. If this stays, delete ${commitKey(table, version)}`,
      retriable: true,
    },
  );
}

/** The `add` action that puts the file into a table. */
export function addAction(file: DataFile, dataChange: boolean): AddAction {
  return {
    path: encodePath(file.path),
    partitionValues: file.partition,
    size: file.bytes,
    modificationTime: file.written,
    dataChange,
    stats: file.stats,
    ...(Object.keys(file.tags).length === 0 ? {} : { tags: file.tags }),
  };
}

/** The CRC-32 of a data file, in hexadecimal; null for those of other programs and older versions. */
export function expectedDigest({ tags }: DataFile): string | null {
  return tags[DIGEST_TAG] ?? null;
}

/** The `remove` action that takes the file out of a table at `now`, in milliseconds. */
export function removeAction(file: DataFile, now: number): RemoveAction {
  return {
    path: encodePath(file.path),
    deletionTimestamp: now,
    dataChange: true,
    extendedFileMetadata: true,
    partitionValues: file.partition,
    size: file.bytes,
  };
}

/**
 * The shortest actions that lead to this snapshot: what a checkpoint holds. Tombstones from before `expired`
 * (ms) are left out.
 */
export function actionsOf(snapshot: Snapshot, expired: number): Action[] {
  const kept = snapshot.tombstones.filter(({ removed }) => removed >= expired);
  return [
    { protocol: snapshot.protocol },
    { metaData: snapshot.metaData },
    ...Array.from(snapshot.txns, ([appId, version]) => ({ txn: { appId, version } })),
    ...snapshot.files.map((file) => ({ add: addAction(file, false) })),
    ...kept.map(({ path, removed }) => ({
      remove: { path: encodePath(path), deletionTimestamp: removed, dataChange: false },
    })),
  ];
}

/** The rows that a commit added. */
export function rowsAdded(table: string, { actions }: Commit): bigint {
  return actions.reduce((sum, { add }) => sum + (add ? BigInt(dataFile(table, add).rows) : 0n), 0n);
}

function dataFile(table: string, add: AddAction): DataFile {
  const path = decodePath(table, add.path);
  const { size, partitionValues: partition, modificationTime: written, stats, tags } = add;
  if (!stats) throw withoutRowCount(table, path);
  return {
    path,
    bytes: size,
    rows: rowsOf(table, path, stats),
    partition,
    stats,
    written,
    tags: tags ?? {},
  };
}

function rowsOf(table: string, path: string, stats: string): number {
  let rows: unknown;
  try {
    rows = (JSON.parse(stats) as { numRecords?: unknown } | null)?.numRecords;
  } catch (cause) {
    throw corrupt(`table ${table}`, `the statistics of ${path} are not JSON`, cause);
  }
  if (rows === undefined || rows === null) throw withoutRowCount(table, path);
  if (Number.isSafeInteger(rows) && Number(rows) >= 0) return Number(rows);
  throw corrupt(`table ${table}`, `the statistics of ${path} do not give its rows as a whole number`);
}

function withoutRowCount(table: string, path: string): EventlakeError {
  return new EventlakeError(
    'lake:unsupported',
    `table ${table}: the log does not say how many rows ${path} has`,
    {
      hint: 'Another program has written into the table without statistics. Give the dataset another name.',
    },
  );
}

/**
 * A path in the log is a URI: it is percent-encoded a second time, after the object's key, whose folders may
 * hold escapes of their own.
 */
function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/').replaceAll('%3D', '=');
}

function decodePath(table: string, uri: string): string {
  if (/^[a-z][a-z0-9+.-]*:/i.test(uri) || uri.startsWith('/') || uri.split('/').includes('..')) {
    throw new EventlakeError('lake:unsupported', `table ${table} names a file outside of itself: ${uri}`, {
      hint: 'Tables made by a shallow clone cannot be read. Give the dataset another name.',
    });
  }
  try {
    return decodeURIComponent(uri);
  } catch (cause) {
    throw corrupt(`table ${table}`, `${uri} is not a percent-encoded path`, cause);
  }
}
