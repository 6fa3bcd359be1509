import { randomUUID } from 'node:crypto';
import type { DataFile, NewFile, TableField } from '../core/data-files.ts';
import { EventlakeError } from '../core/errors.ts';
import type { Action } from './actions.ts';
import { formatSchema, mergedFields } from './schema.ts';
import { addAction, removeAction, type Snapshot } from './snapshot.ts';

/** A change of a table, to be made wholly or not at all. */
export interface CommitRequest {
  /** The snapshot from which the change was computed; null when there was no table, which is then made. */
  readonly base: Snapshot | null;
  readonly fields: readonly TableField[];
  /** Columns of `fields` by whose values the files are kept apart. */
  readonly partitionBy: readonly string[];
  /**
   * Local files, which may be moved away, and files in the table's folder of the store. Where nothing is
   * committed they may be deleted.
   */
  readonly add: readonly NewFile[];
  /** The files of `base` that the new ones replace: all, none, or these. */
  readonly remove: 'all' | 'none' | readonly DataFile[];
  /** How far the change brings each application, by application id; never lower than in `base`. */
  readonly txns: ReadonlyMap<string, bigint>;
  readonly operation: 'CREATE TABLE' | 'WRITE';
  /** For people who read the table's history. */
  readonly description?: string;
  /** What computed the new files, as people call it. */
  readonly computedBy?: string;
}

/** The tag of a commit that says what computed its files. */
export const COMPUTED_BY_TAG = 'eventlake.computedBy';
/** By which a commit says that eventlake made it. */
export const ENGINE = 'eventlake';

/**
 * Checks that `request` still holds although the table now is as `latest` shows it. `lake:superseded` when it
 * is not the table that `base` is of, when another writer has moved one of the same applications, or, for a
 * change that replaces files, has touched any file; `lake:schema_mismatch` when columns differ;
 * `lake:unsupported` when the table may not be written by this version.
 */
export function checkCommit(table: string, request: CommitRequest, latest: Snapshot | null): void {
  const { base, txns, remove } = request;
  if (base !== null && base.metaData.id !== latest?.metaData.id) {
    throw superseded(table, `it is ${latest?.metaData.id ?? 'deleted'}, no longer ${base.metaData.id}`);
  }
  for (const [app, version] of txns) {
    const before = base?.txns.get(app);
    const now = latest?.txns.get(app);
    if (now !== before)
      throw superseded(table, `${app} is at ${now ?? 'nothing'}, no longer at ${before ?? 'nothing'}`);
    if (now !== undefined && version < now) throw superseded(table, `${app} is at ${now}, beyond ${version}`);
  }
  if (latest === null) return;
  if (remove !== 'none' && !sameFiles(base?.files ?? [], latest.files)) {
    throw superseded(table, `its files have changed since version ${base?.version ?? 'none'}`);
  }
  mergedFields(table, latest, request);
  if (base === null) throw superseded(table, 'it was made meanwhile');
  if (latest.protocol.minWriterVersion > 2) {
    throw new EventlakeError(
      'lake:unsupported',
      `table ${table} needs Delta writer version ${latest.protocol.minWriterVersion}; eventlake writes version 2`,
      { hint: 'Another program has turned on newer table features. Give the dataset another name.' },
    );
  }
  if (
    remove !== 'none' &&
    latest.files.length > 0 &&
    latest.metaData.configuration?.['delta.appendOnly'] === 'true'
  ) {
    throw new EventlakeError(
      'lake:unsupported',
      `table ${table} is append-only, so its rows cannot be replaced`,
      {
        hint: 'Another program has set delta.appendOnly. Unset it, or give the dataset another name.',
      },
    );
  }
}

/**
 * The lines of the commit that makes `request` come true on top of `latest`. `id` is unique to the request,
 * `now` in milliseconds.
 */
export function commitActions(
  table: string,
  request: CommitRequest,
  added: readonly DataFile[],
  latest: Snapshot | null,
  id: string,
  now: number,
): Action[] {
  const { fields, partitionBy, operation, remove, description, computedBy } = request;
  const actions: Action[] = [
    {
      commitInfo: {
        timestamp: now,
        operation,
        operationParameters: {
          mode: remove === 'all' ? 'Overwrite' : 'Append',
          partitionBy: JSON.stringify(partitionBy),
        },
        isBlindAppend: remove === 'none',
        engineInfo: ENGINE,
        ...(description === undefined ? {} : { userMetadata: description }),
        ...(computedBy === undefined ? {} : { tags: { [COMPUTED_BY_TAG]: computedBy } }),
        txnId: id,
        ...(latest === null ? {} : { tableId: latest.metaData.id }),
      },
    },
  ];
  if (latest === null) {
    actions.push(
      { protocol: { minReaderVersion: 1, minWriterVersion: 2 } },
      {
        metaData: {
          id: randomUUID(),
          format: { provider: 'parquet', options: {} },
          schemaString: formatSchema(fields),
          partitionColumns: partitionBy,
          configuration: {},
          createdTime: now,
        },
      },
    );
  }
  const merged = latest === null ? fields : mergedFields(table, latest, request);
  if (latest !== null && merged !== latest.fields)
    actions.push({ metaData: { ...latest.metaData, schemaString: formatSchema(merged) } });
  for (const [appId, version] of request.txns) actions.push({ txn: { appId, version, lastUpdated: now } });
  const removed = remove === 'all' ? (latest?.files ?? []) : remove === 'none' ? [] : remove;
  for (const file of removed) actions.push({ remove: removeAction(file, now) });
  for (const file of added) actions.push({ add: addAction(file, true) });
  return actions;
}

/** `how`: what the other writer has done. */
export function superseded(table: string, how: string): EventlakeError {
  return new EventlakeError('lake:superseded', `table ${table} was changed by another writer: ${how}`, {
    hint: 'Nothing was written. Read the table again and continue from what it says.',
  });
}

function sameFiles(a: readonly DataFile[], b: readonly DataFile[]): boolean {
  const paths = new Set(a.map(({ path }) => path));
  return a.length === b.length && b.every(({ path }) => paths.has(path));
}
