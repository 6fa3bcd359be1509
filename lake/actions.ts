import { EventlakeError } from '../core/errors.ts';
import { parseJson } from './json.ts';

/**
 * The actions of a Delta log that tables of reader version 1, writer version 2 hold. Times are milliseconds
 * since the epoch.
 */
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
/**
 * Further facts, by keys that begin with their program's name; readers ignore those that they do not know.
 */
export type Tags = Readonly<Record<string, string | null>>;
/** `path` is a URI (percent-encoded), relative to the table. `stats` is JSON text. */
export interface AddAction {
  readonly path: string;
  readonly partitionValues: Readonly<Record<string, string | null>>;
  readonly size: number;
  readonly modificationTime: number;
  readonly dataChange: boolean;
  readonly stats?: string | null;
  readonly tags?: Tags | null;
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
  readonly tags?: Tags;
}

/**
 * One line of a commit, or one row of a checkpoint: an object with exactly one of these. Others are ignored,
 * as the protocol asks.
 */
export interface Action {
  readonly commitInfo?: CommitInfoAction;
  readonly protocol?: ProtocolAction;
  readonly metaData?: MetaDataAction;
  readonly txn?: TxnAction;
  readonly add?: AddAction;
  readonly remove?: RemoveAction;
}

type Fields = Readonly<Record<string, unknown>>;
interface Rule {
  readonly what: string;
  holds(value: unknown): boolean;
}

const MOST = 2n ** 63n;
/** The furthest instant that a Date holds, from the epoch. */
const LONGEST_MS = 8_640_000_000_000_000;
const text: Rule = { what: 'text', holds: (value) => typeof value === 'string' };
const count: Rule = {
  what: 'a whole number from 0 to 2^53',
  holds: (value) => Number.isSafeInteger(value) && (value as number) >= 0,
};
const time: Rule = {
  what: 'a time in milliseconds',
  holds: (value) => Number.isInteger(value) && Math.abs(value as number) <= LONGEST_MS,
};
const long: Rule = {
  what: 'a 64-bit integer',
  holds: (value) =>
    Number.isSafeInteger(value) || (typeof value === 'bigint' && value >= -MOST && value < MOST),
};
const texts: Rule = {
  what: 'a list of text',
  holds: (value) => Array.isArray(value) && value.every(text.holds),
};
const textByName: Rule = {
  what: 'text by name',
  holds: (value) =>
    isFields(value) && Object.values(value).every((entry) => entry === null || typeof entry === 'string'),
};
const parquetFormat: Rule = {
  what: 'the format Parquet',
  holds: (value) => isFields(value) && value.provider === 'parquet',
};

/**
 * What each field must be that is read here, by kind of action. A field whose name ends in `?` may be missing
 * or null.
 */
const RULES: Readonly<Record<Exclude<keyof Action, 'commitInfo'>, Readonly<Record<string, Rule>>>> = {
  protocol: { minReaderVersion: count, minWriterVersion: count },
  metaData: {
    id: text,
    format: parquetFormat,
    schemaString: text,
    partitionColumns: texts,
    'configuration?': textByName,
    'createdTime?': time,
  },
  txn: { appId: text, version: long },
  add: {
    path: text,
    partitionValues: textByName,
    size: count,
    modificationTime: time,
    'stats?': text,
    'tags?': textByName,
  },
  remove: { path: text, 'deletionTimestamp?': time },
};

/**
 * Reads one action from JSON; `lake:corrupt` when it is none, saying `where` it stands and what is wrong.
 * Actions of unknown kinds are empty.
 */
export function parseAction(json: string, where: string): Action {
  let value: unknown;
  try {
    value = parseJson(json);
  } catch (cause) {
    throw corrupt(where, 'not JSON', cause);
  }
  if (!isFields(value)) throw corrupt(where, 'not an action');
  const action = value;
  const info = action.commitInfo;
  const kinds = Object.keys(RULES).filter(
    (kind) => (action[kind] ?? null) !== null,
  ) as (keyof typeof RULES)[];
  if (kinds.length + Number((info ?? null) !== null) > 1) throw corrupt(where, 'several actions in one');
  const [kind] = kinds;
  if (kind === undefined) return isFields(info) ? { commitInfo: commitInfoOf(info) } : {};
  const fields = action[kind];
  if (!isFields(fields)) throw corrupt(where, `${kind} is not an object`);
  for (const [name, { what, holds }] of Object.entries(RULES[kind])) {
    const field = name.replace('?', '');
    const found = fields[field] ?? null;
    if (found === null ? name === field : !holds(found))
      throw corrupt(where, `${kind}.${field} is not ${what}`);
  }
  return { [kind]: fields };
}

/**
 * Checks what the protocol promises of the actions of one version: one schema, one protocol, and one action
 * for a file or an application. Otherwise their order would decide what the table holds. `lake:corrupt`
 * saying `where`.
 */
export function checkUnique(actions: readonly Action[], where: string): void {
  const seen = new Set<string>();
  for (const { protocol, metaData, txn, add, remove } of actions) {
    const file = add ?? remove;
    const subject =
      (protocol && 'protocol') ??
      (metaData && 'metaData') ??
      (txn && `txn of ${txn.appId}`) ??
      (file && `file ${file.path}`);
    if (subject === undefined) continue;
    if (seen.has(subject)) throw corrupt(where, `two actions for one ${subject}`);
    seen.add(subject);
  }
}

/** A file of a table's log that is not what some Delta writer has written. */
export function corrupt(where: string, what: string, cause?: unknown): EventlakeError {
  return new EventlakeError('lake:corrupt', `${where}: ${what}`, {
    hint: 'The table’s log was damaged or edited. Restore the file from a copy, or reset the dataset and run again.',
    cause,
  });
}

/** The protocol leaves the content free: what is not as expected is left out. */
function commitInfoOf(info: Fields): CommitInfoAction {
  const rules = {
    timestamp: time,
    operation: text,
    engineInfo: text,
    userMetadata: text,
    txnId: text,
    tableId: text,
    tags: textByName,
  };
  return Object.fromEntries(
    Object.entries(rules).flatMap(([name, { holds }]) => (holds(info[name]) ? [[name, info[name]]] : [])),
  );
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
