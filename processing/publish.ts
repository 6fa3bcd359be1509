import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Sink, SinkField, SqlEngine } from '../core/contracts.ts';
import { keyOf, type Model } from '../core/dataset.ts';
import { EventlakeError, hasCode } from '../core/errors.ts';
import { namesOf } from '../core/field-types.ts';
import type { LocalFiles } from '../lake/local-files.ts';
import type { TableField } from '../lake/schema.ts';
import type { Snapshot } from '../lake/snapshot.ts';
import { literal, parquet } from '../lake/sql.ts';
import type { DeltaTable } from '../lake/table.ts';
import { documentOf, idOf } from './profile-documents.ts';

/** What the publish stage works on and with. */
export interface PublishContext {
  readonly model: Model;
  readonly profiles: DeltaTable;
  readonly sink: Sink;
  readonly files: LocalFiles;
  readonly sql: SqlEngine;
  readonly temporary: string;
  /** Empties the sink first, and sends every row, also those that the sink shows already. */
  readonly republish?: boolean;
  /** Told each time that the sink has taken some changes. */
  onProgress?(): void;
}

/** What one run of the stage did. */
export interface PublishResult {
  readonly outcome: 'published' | 'up_to_date' | 'no_profiles';
  readonly version: bigint | null;
  readonly stored: number;
  readonly deleted: number;
}

/**
 * The fourth stage: brings the sink to the newest version of the derived table, by what differs from the version that the sink shows, and by
 * everything when the sink shows another table. Rows carry the table's version, so that a run that was killed is simply repeated.
 * @throws `lake:replaced` when the table was deleted meanwhile.
 */
export async function publish(context: PublishContext): Promise<PublishResult> {
  const { profiles, sink, model } = context;
  const newest = await profiles.snapshot();
  if (!newest) return { outcome: 'no_profiles', version: null, stored: 0, deleted: 0 };
  const fields = newest.fields.map((field) => indexField(field, keyOf(model)));
  if (context.republish) await sink.wipe();
  const shown = await sink.open(fields, newest.metaData.id);
  if (shown === newest.version) return { outcome: 'up_to_date', version: shown, stored: 0, deleted: 0 };
  if (shown !== null && shown > newest.version) {
    throw new EventlakeError(
      'index:ahead',
      `${sink.description} shows version ${shown} of ${profiles.path}, which is only at ${newest.version}`,
      {
        hint: 'Was the lake restored from an older copy? Fill the index again with: eventlake process --republish',
      },
    );
  }
  try {
    return await publishFrom(context, newest, shown, fields);
  } catch (error) {
    // A run that was killed had put documents there that are not in any finished version: all are sent again.
    if (hasCode(error, 'index:incomplete')) return publish({ ...context, republish: false });
    throw error;
  }
}

async function publishFrom(
  context: PublishContext,
  newest: Snapshot,
  shownVersion: bigint | null,
  fields: readonly SinkField[],
): Promise<PublishResult> {
  const { profiles, sink, model } = context;
  let shown = shownVersion;
  const folder = join(context.temporary, `publish-${process.pid}-${crypto.randomUUID()}`);
  await mkdir(folder, { recursive: true });
  try {
    const file = join(folder, 'changes.tsv');
    context.files.recheck();
    const newPaths = await context.files.paths(profiles, newest);
    const oldPaths = shown === null ? [] : await shownFiles(context, shown);
    if (oldPaths === null) {
      // What the sink shows can no longer be compared with: it is filled again.
      await sink.wipe();
      shown = await sink.open(fields, newest.metaData.id);
    }
    await context.sql.run(
      `COPY (${changes(newest, keyOf(model), newPaths, oldPaths ?? [])}) TO ${literal(file)} (FORMAT csv, DELIMITER '\t', QUOTE '', ESCAPE '', HEADER false, NULLSTR '')`,
    );
    const counts = await sink.apply(file, newest.version, context.onProgress);
    await requireStill(profiles, newest);
    await sink.finish(newest.version);
    return { outcome: 'published', version: newest.version, ...counts };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What was sent stays invisible when the table is no longer there: a reset, or another writer of the new table, removes it. */
async function requireStill(table: DeltaTable, published: Snapshot): Promise<void> {
  const now = await table.snapshot();
  if (now?.metaData.id === published.metaData.id) return;
  throw new EventlakeError('lake:replaced', `table ${table.path} was deleted while it was published`, {
    hint: 'The index still shows what it did before. Run this again.',
    retriable: true,
  });
}

/** How a column of the derived table is indexed: ids and text as keywords, money as a double, for people to look at. */
export function indexField({ name, type }: TableField, key: string): SinkField {
  return { name, type: name === key ? 'keyword' : namesOf(type).index };
}

async function shownFiles({ profiles, files }: PublishContext, version: bigint): Promise<string[] | null> {
  try {
    const shown = await profiles.snapshot(version);
    return shown ? await files.paths(profiles, shown) : null;
  } catch (error) {
    if (hasCode(error, 'lake:version_missing') || hasCode(error, 'object:missing')) return null;
    throw error;
  }
}

/** Rows (id, document): every profile that is new or differs, and, with an empty document, every one that vanished. */
function changes(
  newest: Snapshot,
  key: string,
  newPaths: readonly string[],
  oldPaths: readonly string[],
): string {
  const upsert = `${idOf(key)} AS id, ${documentOf(newest.fields, key)} AS document`;
  if (oldPaths.length === 0)
    return newPaths.length === 0 ? "SELECT '' WHERE false" : `SELECT ${upsert} FROM ${parquet(newPaths)}`;
  const digest = `hash(${newest.fields.map((field) => field.name).join(', ')})`;
  const old = `(SELECT ${key} AS old_key, ${digest} AS old_digest FROM ${parquet(oldPaths)})`;
  const vanished = `SELECT ${idOf('old_key')}, NULL FROM ${old} ANTI JOIN ${newPaths.length > 0 ? parquet(newPaths) : `(SELECT NULL AS ${key})`} ON old_key = ${key}`;
  if (newPaths.length === 0) return vanished;
  return `SELECT ${upsert} FROM ${parquet(newPaths)} LEFT JOIN ${old} ON old_key = ${key}
WHERE old_key IS NULL OR old_digest <> ${digest}
UNION ALL ${vanished}`;
}
