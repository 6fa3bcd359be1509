import { setTimeout as sleep } from 'node:timers/promises';
import type { ObjectStore } from '../core/contracts.ts';
import { EventlakeError, hasCode } from '../core/errors.ts';
import type { Checkpoints } from './checkpoint.ts';
import { checkpointKey, commitId, lastCheckpoint, listLog, readCommits } from './log.ts';
import { replay, type Snapshot } from './snapshot.ts';

/** How a table's log is read. */
export interface ReadOptions {
  /** An older snapshot of the table: only what came after it is read. */
  readonly base: Snapshot | null;
  /** The version wanted; the newest when undefined. */
  readonly version: bigint | undefined;
  readonly checkpoints: Checkpoints | undefined;
  /** Told when a checkpoint cannot be read; the commits are then read one by one. */
  readonly warn: (warning: EventlakeError) => void;
}

const LISTINGS = 4;

/**
 * Reads a table as of a version; null when there is no such table. `base` is read on from only while the
 * table is the one that `base` is of: a table that was deleted and made again is read from its beginning.
 */
export async function readSnapshot(
  store: ObjectStore,
  table: string,
  options: ReadOptions,
): Promise<Snapshot | null> {
  const { base } = options;
  if (base === null || base.commitId === null) return readOn(store, table, { ...options, base: null });
  try {
    const snapshot = await readOn(store, table, options);
    // Asked last: a commit that is still there was there all the time, and so was its table.
    if (await holdsCommit(store, table, base)) return snapshot;
  } catch (error) {
    if (await holdsCommit(store, table, base)) throw error;
  }
  return readOn(store, table, { ...options, base: null });
}

/**
 * Whether the table's log still holds the very commit that led to this snapshot: its table was not deleted
 * and made again.
 */
export async function holdsCommit(
  store: ObjectStore,
  table: string,
  { version, commitId }: Snapshot,
): Promise<boolean> {
  return (await commitIdOf(store, table, version)) === commitId;
}

async function commitIdOf(store: ObjectStore, table: string, version: bigint): Promise<string | null> {
  try {
    const [commit] = await readCommits(store, table, [version]);
    return commit ? commitId(commit) : null;
  } catch (error) {
    if (hasCode(error, 'object:missing')) return null;
    throw error;
  }
}

async function readOn(
  store: ObjectStore,
  table: string,
  { base: older, version, checkpoints, warn }: ReadOptions,
): Promise<Snapshot | null> {
  const base = older ?? (await fromCheckpoint(store, table, version, checkpoints, warn));
  const from = base === null ? 0n : base.version + 1n;
  for (let attempt = 1; ; attempt++) {
    const { commits } = await listLog(store, table, from);
    const wanted = version === undefined ? commits : commits.filter((commit) => commit <= version);
    if (wanted.every((commit, i) => commit === from + BigInt(i))) {
      if (base === null && commits.length === 0) return null;
      const newest = wanted.at(-1) ?? base?.version;
      if (version !== undefined && newest !== version) {
        throw new EventlakeError('lake:version_missing', `table ${table} has no version ${version}`, {
          hint: `Versions up to ${commits.at(-1) ?? newest} exist, but for those whose log entries were deleted.`,
        });
      }
      if (base !== null && wanted.length === 0) {
        return base === older ? base : { ...base, commitId: await commitIdOf(store, table, base.version) };
      }
      try {
        return replay(table, base, await readCommits(store, table, wanted));
      } catch (error) {
        // Its writer is about to remove it.
        if (!hasCode(error, 'lake:foreign_commit') || attempt === LISTINGS) throw error;
        await sleep(20 * attempt);
        continue;
      }
    }
    // A folder that is listed while files are added to it may show a later file and not an earlier one.
    if (attempt === LISTINGS) {
      throw new EventlakeError(
        'lake:log_incomplete',
        `table ${table}: its log lacks a version between ${from} and ${wanted.at(-1)}`,
        {
          hint: 'Commits were deleted and no checkpoint could be read in their place. Restore _delta_log from a copy.',
        },
      );
    }
    await sleep(20 * attempt);
  }
}

/**
 * The table at its newest checkpoint up to `version`; null when there is none. A damaged one is written again
 * from what is before it.
 */
async function fromCheckpoint(
  store: ObjectStore,
  table: string,
  version: bigint | undefined,
  checkpoints: Checkpoints | undefined,
  warn: (warning: EventlakeError) => void,
): Promise<Snapshot | null> {
  if (checkpoints === undefined) return null;
  const isWanted = (checkpoint: bigint) => version === undefined || checkpoint <= version;
  const hint = await lastCheckpoint(store, table);
  const hinted = hint !== null && isWanted(hint) && (await isThere(store, checkpointKey(table, hint)));
  const newest = hinted ? hint : (await listLog(store, table, 0n)).checkpoints.findLast(isWanted);
  if (newest === undefined) return null;
  try {
    return replay(table, null, [await checkpoints.read(store, table, newest)]);
  } catch (cause) {
    if (cause instanceof EventlakeError && cause.retriable) throw cause;
    warn(
      new EventlakeError(
        'lake:checkpoint_unreadable',
        `table ${table}: the checkpoint of version ${newest} cannot be read: ${(cause as Error).message}`,
        { hint: 'It is written again from the commits before it.', cause },
      ),
    );
  }
  const older = newest === 0n ? null : await fromCheckpoint(store, table, newest - 1n, checkpoints, warn);
  try {
    const options = { base: older, version: newest, checkpoints: undefined, warn };
    const snapshot = await readOn(store, table, options);
    if (snapshot) await writeCheckpoint(store, table, snapshot, checkpoints, warn);
    return snapshot;
  } catch (error) {
    if (hasCode(error, 'lake:log_incomplete') || hasCode(error, 'lake:version_missing')) return older;
    throw error;
  }
}

/** Writes the checkpoint of `snapshot`. That it cannot be written costs time later, and is a warning. */
export async function writeCheckpoint(
  store: ObjectStore,
  table: string,
  snapshot: Snapshot,
  checkpoints: Checkpoints,
  warn: (warning: EventlakeError) => void,
): Promise<void> {
  try {
    await checkpoints.write(store, table, snapshot);
  } catch (cause) {
    warn(
      new EventlakeError(
        'lake:checkpoint_failed',
        `table ${table}: no checkpoint of version ${snapshot.version} was written: ${(cause as Error).message}`,
        { hint: 'The commits are safe. Readers take longer until the next checkpoint.', cause },
      ),
    );
  }
}

async function isThere(store: ObjectStore, key: string): Promise<boolean> {
  for await (const object of store.list(key)) return object.key === key;
  return false;
}
