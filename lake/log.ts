import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import type { ObjectStore } from '../core/contracts.ts';
import { hasCode } from '../core/errors.ts';
import { type Action, checkUnique, corrupt, parseAction } from './actions.ts';
import { DIGEST_TAG, NO_DIGEST, readSeal, seal } from './digest.ts';
import { formatJson, parseJson } from './json.ts';

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
/** The tag of a `commitInfo` that says how many actions follow it. */
const COUNT_TAG = 'eventlake.actions';

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

/**
 * One action a line. The tags of a `commitInfo` in front say how many actions follow, and the CRC-32 of the
 * whole, so that a commit that was cut or altered is known.
 */
export function formatCommit(actions: readonly Action[]): Buffer {
  const [first, ...others] = actions;
  if (!first?.commitInfo) return Buffer.from(`${actions.map(formatJson).join('\n')}\n`);
  const { commitInfo } = first;
  const tags = { ...commitInfo.tags, [COUNT_TAG]: String(others.length), [DIGEST_TAG]: NO_DIGEST };
  const lines = [{ commitInfo: { ...commitInfo, tags } }, ...others].map(formatJson);
  const body = Buffer.from(`${lines.join('\n')}\n`);
  const at = digestAt(body);
  if (at !== null) seal(withoutLastLineEnd(body), at);
  return body;
}

/**
 * Tells a commit from every other, of this table and of all others: its writer's `txnId`, or a digest of what
 * it says.
 */
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

/**
 * The version that `_last_checkpoint` names, if it names a checkpoint in one Parquet file; it may lag behind,
 * be wrong or be missing.
 */
export async function lastCheckpoint(store: ObjectStore, table: string): Promise<bigint | null> {
  try {
    const hint = parseJson((await store.get(lastCheckpointKey(table))).toString()) as Record<
      string,
      unknown
    > | null;
    const single = hint !== null && hint.parts === undefined && hint.v2Checkpoint === undefined;
    return single && Number.isSafeInteger(hint.version) && Number(hint.version) >= 0
      ? BigInt(Number(hint.version))
      : null;
  } catch (error) {
    // Only a hint: one that is not there or not readable costs time, nothing else.
    if (error instanceof SyntaxError || hasCode(error, 'object:missing')) return null;
    throw error;
  }
}

function parseCommit(body: Buffer, key: string): Action[] {
  if (!isUtf8(body)) throw corrupt(key, 'not UTF-8');
  const lines = body.toString().split('\n');
  const actions = lines.flatMap((json, i) =>
    json.trim() === '' ? [] : [parseAction(json, `${key}, line ${i + 1}`)],
  );
  if (actions.length === 0) throw corrupt(key, 'empty');
  checkComplete(body, actions, key);
  checkUnique(actions, key);
  return actions;
}

/**
 * Checks what {@link formatCommit} has said of a commit; those of other programs and older versions do not
 * say anything.
 */
function checkComplete(body: Buffer, actions: readonly Action[], key: string): void {
  const following = actions.length - 1;
  const expected = actions[0]?.commitInfo?.tags?.[COUNT_TAG] ?? String(following);
  if (expected !== String(following)) {
    throw corrupt(key, `it was written with ${expected} actions after its commitInfo and has ${following}`);
  }
  const at = digestAt(body);
  if (at === null) return;
  const crc = readSeal(withoutLastLineEnd(body), at);
  if (crc.expected !== crc.found) {
    throw corrupt(key, `altered: its CRC-32 was ${crc.expected} and is ${crc.found}`);
  }
}

/** Where the digits of a commit's CRC-32 are: in its first line. */
function digestAt(body: Buffer): number | null {
  const entry = `"${DIGEST_TAG}":"`;
  const at = body.indexOf(entry);
  const end = body.indexOf('\n');
  return at < 0 || (end >= 0 && at > end) ? null : at + entry.length;
}

function withoutLastLineEnd(body: Buffer): Buffer {
  return body.at(-1) === 0x0a ? body.subarray(0, -1) : body;
}

function logFolder(table: string): string {
  return `${table}/_delta_log/`;
}

function digits(version: bigint): string {
  return String(version).padStart(20, '0');
}
