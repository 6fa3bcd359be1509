import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ObjectStore } from '../core/contracts.ts';
import type { DataFile } from '../core/data-files.ts';
import { EventlakeError, hasCode } from '../core/errors.ts';
import type { Checkpoints } from './checkpoint.ts';
import {
  COMPUTED_BY_TAG,
  type CommitRequest,
  checkCommit,
  commitActions,
  ENGINE,
  superseded,
} from './commit.ts';
import { type Commit, commitKey, formatCommit, listLog, readCommits } from './log.ts';
import { holdsCommit, readSnapshot, writeCheckpoint } from './reader.ts';
import { replay, rowsAdded, type Snapshot } from './snapshot.ts';
import { storeFiles } from './upload.ts';

/** What a table may be given besides its place. */
export interface TableOptions {
  /**
   * Reads and writes checkpoints; without it every commit of the log is read when a table is opened, and none
   * is written.
   */
  readonly checkpoints?: Checkpoints;
  /** Told of faults that change nothing but speed. */
  readonly warn?: (warning: EventlakeError) => void;
}

/** One commit, for people. */
export interface CommitSummary {
  readonly version: bigint;
  /** UTC; null when the writer did not say. */
  readonly time: Date | null;
  readonly operation: string;
  /** The program that made it; null when it did not say. */
  readonly engine: string | null;
  /** Whether that program is eventlake. */
  readonly own: boolean;
  readonly description: string | null;
  /** What computed its files: DuckDB or Spark; null when the commit does not say. */
  readonly computedBy: string | null;
  readonly rowsAdded: bigint;
  readonly filesAdded: number;
  readonly filesRemoved: number;
}

const CONFLICTS = 100;
const FAULTS = 5;
const CHECKPOINT_EVERY = 10n;
/**
 * Files that no commit names are removed after a day; a writer that slept that long must not name them then.
 */
const UPLOAD_VALID_MS = 12 * 3_600_000;

/**
 * A Delta table (reader version 1, writer version 2) in an object store. Any number of writers, in any
 * processes, are safe: a commit is the exclusive creation of the next file of the log. See
 * https://github.com/delta-io/delta/blob/master/PROTOCOL.md.
 */
export class DeltaTable {
  /** The table's folder in the store, such as `electronics/events`. */
  readonly path: string;
  readonly store: ObjectStore;
  readonly #checkpoints: Checkpoints | undefined;
  readonly #warn: (warning: EventlakeError) => void;
  #latest: Snapshot | null = null;

  constructor(store: ObjectStore, path: string, { checkpoints, warn = () => {} }: TableOptions = {}) {
    this.store = store;
    this.path = path;
    this.#checkpoints = checkpoints;
    this.#warn = warn;
  }

  /**
   * The newest version, or the one asked for; null when there is no table. The newest is kept: the next call
   * reads only what came after. `lake:version_missing` when the table has no such version.
   */
  async snapshot(version?: bigint): Promise<Snapshot | null> {
    const kept = this.#latest;
    const usable = kept !== null && (version === undefined || kept.version <= version);
    const snapshot = await this.#read(usable ? kept : null, version);
    this.#keep(snapshot, version === undefined);
    return snapshot;
  }

  /**
   * Makes the change, on top of what others have committed since `base`, and answers with the table as it
   * then is.
   *
   * A table may be deleted and made again at any time, and an object store has no condition that spans two
   * keys. So the commit before is looked at twice, right before and right after the exclusive creation of the
   * new one. If it is another then, the new one went into another table, and is removed: nobody builds on it,
   * as it names its own table.
   *
   * After `lake:superseded` the caller drops the change and reads the table again. The other errors of
   * {@link checkCommit} need a person. After any error of the store the change is there wholly or not at all:
   * the table, read again, says which.
   */
  async commit(request: CommitRequest): Promise<Snapshot> {
    let latest = newerOf(request.base, this.#latest);
    checkCommit(this.path, request, latest);
    const started = Date.now();
    const added = await storeFiles(this.store, this.path, request.partitionBy, request.add);
    const id = randomUUID();
    for (let conflicts = 0, faults = 0; ; ) {
      if (Date.now() - started > UPLOAD_VALID_MS) throw tooLate(this.path);
      let version = latest === null ? 0n : latest.version + 1n;
      if (!(await this.#isStill(latest))) {
        if (faults > 0) await this.#undo(version, id);
        latest = await this.#reread(request, null, added);
        version = latest === null ? 0n : latest.version + 1n;
      }
      const actions = commitActions(this.path, request, added, latest, id, Date.now());
      let stored: boolean;
      try {
        stored = await this.store.putIfAbsent(commitKey(this.path, version), formatCommit(actions));
      } catch (error) {
        // Whether it was stored is not known. The same key tells: it is free, or holds another's commit, or
        // this one.
        if (!(error instanceof EventlakeError && error.retriable) || ++faults > FAULTS) throw error;
        await pause(faults);
        continue;
      }
      // An earlier try may have stored it, with another time and, for a new table, another id.
      const made = stored ? { version, actions } : await this.#own(version, id);
      if (made) {
        if (!(await this.#isStill(latest))) {
          await this.#undo(version, id);
          await this.#discard(added);
          throw superseded(this.path, `it was deleted while version ${version} was written`);
        }
        return this.#committed(replay(this.path, latest, [made]));
      }
      latest = await this.#reread(request, latest, added);
      if (++conflicts === CONFLICTS) {
        await this.#discard(added);
        throw busy(this.path);
      }
      await pause(conflicts);
    }
  }

  /** The newest commits, newest first, at most `limit`; those whose log entries were deleted are left out. */
  async commits(limit: number): Promise<CommitSummary[]> {
    const newest = (await this.snapshot())?.version ?? -1n;
    const first = newest - BigInt(limit) + 1n;
    const { commits } = await listLog(this.store, this.path, first < 0n ? 0n : first);
    const found = await readCommits(this.store, this.path, commits.slice(-limit).toReversed());
    return found.map((commit) => summary(this.path, commit));
  }

  async #read(base: Snapshot | null, version: bigint | undefined): Promise<Snapshot | null> {
    const checkpoints = this.#checkpoints;
    return readSnapshot(this.store, this.path, { base, version, checkpoints, warn: this.#warn });
  }

  /** The table as it is now, if the change still holds on top of it. */
  async #reread(
    request: CommitRequest,
    known: Snapshot | null,
    added: readonly DataFile[],
  ): Promise<Snapshot | null> {
    try {
      const latest = await this.#read(known, undefined);
      checkCommit(this.path, request, latest);
      return latest;
    } catch (error) {
      // Any answer so far was a definite no, so that no commit can name these files.
      await this.#discard(added);
      throw error;
    }
  }

  /** Whether the table is the one of this snapshot, as far as its log can tell. */
  async #isStill(snapshot: Snapshot | null): Promise<boolean> {
    if (snapshot === null || snapshot.commitId === null) return true;
    return holdsCommit(this.store, this.path, snapshot);
  }

  /** Removes this commit if it is there. No other program does, so that it cannot meanwhile be another's. */
  async #undo(version: bigint, id: string): Promise<void> {
    if (await this.#own(version, id)) await this.store.delete([commitKey(this.path, version)]);
  }

  /**
   * Keeps the newer snapshot. One of another table takes the place of what is kept only if it is the
   * `newest`.
   */
  #keep(read: Snapshot | null, newest: boolean): void {
    const kept = this.#latest;
    if (read && (kept === null || kept.metaData.id === read.metaData.id)) this.#latest = newerOf(kept, read);
    else if (newest) this.#latest = read;
  }

  /** The commit of this version, if it is the one that was made under this id. */
  async #own(version: bigint, id: string): Promise<Commit | null> {
    try {
      const [commit] = await readCommits(this.store, this.path, [version]);
      return commit?.actions.some(({ commitInfo }) => commitInfo?.txnId === id) ? commit : null;
    } catch (error) {
      // Some servers refuse a key a moment before the object that is in the way can be read. It is asked for
      // again.
      if (hasCode(error, 'object:missing')) return null;
      throw error;
    }
  }

  async #committed(snapshot: Snapshot): Promise<Snapshot> {
    this.#keep(snapshot, true);
    if (snapshot.version % CHECKPOINT_EVERY === 0n && snapshot.version > 0n) {
      if (this.#checkpoints)
        await writeCheckpoint(this.store, this.path, snapshot, this.#checkpoints, this.#warn);
    }
    return snapshot;
  }

  /** Removes files that no commit names. What stays behind is found by removeOrphans. */
  async #discard(files: readonly DataFile[]): Promise<void> {
    await this.store.delete(files.map(({ path }) => `${this.path}/${path}`)).catch(() => {});
  }
}

function newerOf(a: Snapshot | null, b: Snapshot | null): Snapshot | null {
  if (a === null || b === null) return a ?? b;
  return a.version >= b.version ? a : b;
}

function tooLate(table: string): EventlakeError {
  return new EventlakeError(
    'lake:superseded',
    `table ${table}: the commit was held up for more than 12 hours`,
    {
      hint: 'Its files may have been cleaned up meanwhile. Read the table again and continue from what it says.',
    },
  );
}

function busy(table: string): EventlakeError {
  return new EventlakeError(
    'lake:busy',
    `table ${table}: other writers were faster ${CONFLICTS} times in a row`,
    {
      hint: 'Nothing was written. Try again, or let fewer writers commit less often.',
      retriable: true,
    },
  );
}

/** A random wait, longer each time, so that rivals do not keep meeting. */
async function pause(attempt: number): Promise<void> {
  await sleep(Math.random() * Math.min(500, 10 * 2 ** Math.min(attempt, 10)));
}

function summary(table: string, commit: Commit): CommitSummary {
  const info = commit.actions.find(({ commitInfo }) => commitInfo)?.commitInfo;
  return {
    version: commit.version,
    time: info?.timestamp === undefined ? null : new Date(info.timestamp),
    operation: info?.operation ?? 'unknown',
    engine: info?.engineInfo ?? null,
    own: info?.engineInfo === ENGINE,
    description: info?.userMetadata ?? null,
    computedBy: info?.tags?.[COMPUTED_BY_TAG] ?? null,
    rowsAdded: rowsAdded(table, commit),
    filesAdded: commit.actions.filter(({ add }) => add).length,
    filesRemoved: commit.actions.filter(({ remove }) => remove).length,
  };
}
