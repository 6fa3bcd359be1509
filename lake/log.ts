import { createHash } from 'node:crypto';
import type { ObjectStore } from '../core/contracts.ts';
import { EventlakeError, hasCode } from '../core/errors.ts';
import { formatJson, parseJson } from './json.ts';

/** The actions of a Delta log that tables of reader version 1, writer version 2 hold. Times are milliseconds since the epoch. */
export interface ProtocolAction {
  readonly minReaderVersion: number;
  readonly minWriterVersion: number;
}
export interface MetaDataAction {
  readonly id: string;
  readonly format: { readonly provider: string; readonly options: Readonly<Record<string, string>> };
  readonly schemaString: string;
  readonly partitionColumns: readonly string[];
  readonly configuration?: Readonly<Record<string, string>> | null;
  readonly createdTime?: number | null;
}
/** `path` is a URI (percent-encoded), relative to the table. `stats` is JSON text. */
export interface AddAction {
  readonly path: string;
  readonly partitionValues: Readonly<Record<string, string | null>>;
  readonly size: number;
  readonly modificationTime: number;
  readonly dataChange: boolean;
  readonly stats?: string | null;
}
export interface RemoveAction {
  readonly path: string;
  readonly deletionTimestamp?: number | null;
  readonly dataChange: boolean;
  readonly extendedFileMetadata?: boolean | null;
  readonly partitionValues?: Readonly<Record<string, string | null>> | null;
  readonly size?: number | null;
}
export interface TxnAction {
  readonly appId: string;
  readonly version: bigint | number;
  readonly lastUpdated?: number | null;
}
/** Who wrote a commit and why. `txnId` is unique to the commit. */
export interface CommitInfoAction {
  readonly timestamp?: number;
  readonly operation?: string;
  readonly operationParameters?: Readonly<Record<string, string>>;
  readonly isBlindAppend?: boolean;
  readonly engineInfo?: string;
  readonly userMetadata?: string;
  readonly txnId?: string;
  /** The id of the table that the commit was made for; none in the commit that makes the table. */
  readonly tableId?: string;
}

/** One line of a commit, or one row of a checkpoint: an object with exactly one of these. Others are ignored, as the protocol asks. */
export interface Action {
  readonly commitInfo?: CommitInfoAction;
  readonly protocol?: ProtocolAction;
  readonly metaData?: MetaDataAction;
  readonly txn?: TxnAction;
  readonly add?: AddAction;
  readonly remove?: RemoveAction;
}

/** What one version did. */
export interface Commit {
  readonly version: bigint;
  readonly actions: readonly Action[];
}

/** The versions that `_delta_log` holds, ascending. */
export interface LogListing {
  readonly commits: readonly bigint[];
  /** Versions with a checkpoint in one Parquet file. */
  readonly checkpoints: readonly bigint[];
}

const READS_AT_ONCE = 8;

/** `events/_delta_log/00000000000000000012.json` */
export function commitKey(table: string, version: bigint): string {
  return `${logFolder(table)}${digits(version)}.json`;
}

/** `events/_delta_log/00000000000000000010.checkpoint.parquet` */
export function checkpointKey(table: string, version: bigint): string {
  return `${logFolder(table)}${digits(version)}.checkpoint.parquet`;
}

/** `events/_delta_log/_last_checkpoint` */
export function lastCheckpointKey(table: string): string {
  return `${logFolder(table)}_last_checkpoint`;
}

/** One action a line. */
export function formatCommit(actions: readonly Action[]): Buffer {
  return Buffer.from(`${actions.map(formatJson).join('\n')}\n`);
}

/** Tells a commit from every other, of this table and of all others: its writer's `txnId`, or a digest of what it says. */
export function commitId({ actions }: Commit): string {
  const txnId = actions.find(({ commitInfo }) => commitInfo)?.commitInfo?.txnId;
  return txnId ?? createHash('sha256').update(formatCommit(actions)).digest('hex');
}

/** Lists the log from version `from`, inclusive. */
export async function listLog(store: ObjectStore, table: string, from: bigint): Promise<LogListing> {
  const folder = logFolder(table);
  const commits: bigint[] = [];
  const checkpoints: bigint[] = [];
  // Every name of version `from` follows its bare digits.
  for await (const { key } of store.list(folder, `${folder}${digits(from)}`)) {
    const match = /^(\d{20})\.(json|checkpoint\.parquet)$/.exec(key.slice(folder.length));
    if (match?.[1] === undefined) continue;
    (match[2] === 'json' ? commits : checkpoints).push(BigInt(match[1]));
  }
  return { commits, checkpoints };
}

/** Reads these commits, a few at a time, in the order given. */
export async function readCommits(
  store: ObjectStore,
  table: string,
  versions: readonly bigint[],
): Promise<Commit[]> {
  const commits: Commit[] = new Array(versions.length);
  const waiting = versions.entries();
  const read = async () => {
    for (const [i, version] of waiting) {
      const key = commitKey(table, version);
      commits[i] = { version, actions: parseCommit(await store.get(key), key) };
    }
  };
  await Promise.all(Array.from({ length: Math.min(READS_AT_ONCE, versions.length) }, read));
  return commits;
}

/** The version that `_last_checkpoint` names, if it names a checkpoint in one Parquet file; it may lag behind or be missing. */
export async function lastCheckpoint(store: ObjectStore, table: string): Promise<bigint | null> {
  try {
    const hint = parseJson((await store.get(lastCheckpointKey(table))).toString()) as {
      parts?: unknown;
      v2Checkpoint?: unknown;
      version?: unknown;
    };
    const single = hint.parts === undefined && hint.v2Checkpoint === undefined;
    return single && Number.isInteger(hint.version) ? BigInt(hint.version as number) : null;
  } catch (error) {
    // Only a hint: one that is not there or not readable costs time, nothing else.
    if (error instanceof SyntaxError || hasCode(error, 'object:missing')) return null;
    throw error;
  }
}

function parseCommit(body: Buffer, key: string): Action[] {
  const actions: Action[] = [];
  for (const [i, line] of body.toString().split('\n').entries()) {
    if (line.trim() === '') continue;
    try {
      actions.push(parseJson(line) as Action);
    } catch (cause) {
      throw new EventlakeError('lake:corrupt', `${key}, line ${i + 1}: not JSON`, {
        hint: 'The table’s log was damaged or edited. Restore the file from a copy.',
        cause,
      });
    }
  }
  return actions;
}

function logFolder(table: string): string {
  return `${table}/_delta_log/`;
}

function digits(version: bigint): string {
  return String(version).padStart(20, '0');
}
