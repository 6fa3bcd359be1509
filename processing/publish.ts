import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Sink, SinkField, SinkForm, SqlEngine } from '../core/contracts.ts';
import type { Column, Model } from '../core/dataset.ts';
import { EventlakeError, hasCode } from '../core/errors.ts';
import type { LocalFiles } from '../lake/local-files.ts';
import type { TableField } from '../lake/schema.ts';
import type { Snapshot } from '../lake/snapshot.ts';
import { literal, parquet } from '../lake/sql.ts';
import type { DeltaTable } from '../lake/table.ts';
import { keysIn, LINES, NULL_TEXT } from './sink-lines.ts';

/** What the publish stage works on and with. */
export interface PublishContext {
  readonly model: Model;
  /** The contract's columns. */
  readonly columns: readonly Column[];
  readonly profiles: DeltaTable;
  readonly sink: Sink;
  readonly files: LocalFiles;
  readonly sql: SqlEngine;
  readonly temporary: string;
  /** Sends every row, also those that the sink shows already. */
  readonly republish?: boolean;
  /** Told each time that the sink has taken some of the changes: how many so far, where the sink knows, and how many there are. */
  onProgress?(done: number | undefined, total: number): void;
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
  const { profiles, sink } = context;
  const newest = await profiles.snapshot();
  if (!newest) return { outcome: 'no_profiles', version: null, stored: 0, deleted: 0 };
  const fields = sinkFields(newest.fields, context);
  if (context.republish) await sink.forget();
  const shown = await sink.open(fields, newest.metaData.id);
  if (shown === newest.version) return { outcome: 'up_to_date', version: shown, stored: 0, deleted: 0 };
  if (shown !== null && shown > newest.version) {
    throw new EventlakeError(
      'index:ahead',
      `${sink.description} shows version ${shown} of ${profiles.path}, which is only at ${newest.version}`,
      {
        hint: 'Was the lake restored from an older copy? Fill it again with: eventlake process --republish',
      },
    );
  }
  try {
    return await publishFrom(context, newest, shown, fields);
  } catch (error) {
    // A run that was killed had put documents there that are not in any finished version, or another writer was quicker.
    if (hasCode(error, 'index:incomplete') || hasCode(error, 'warehouse:superseded'))
      return publish({ ...context, republish: false });
    throw error;
  }
}

async function publishFrom(
  context: PublishContext,
  newest: Snapshot,
  shownVersion: bigint | null,
  fields: readonly SinkField[],
): Promise<PublishResult> {
  const { profiles, sink } = context;
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
      await sink.forget();
      shown = await sink.open(fields, newest.metaData.id);
    }
    // A file that both versions have holds the same rows, and their keys stand in no other file.
    const added = without(newPaths, oldPaths ?? []);
    const removed = without(oldPaths ?? [], newPaths);
    const lines = changes(sink.form, fields, added, removed);
    const [copied] = await context.sql.rows(
      `COPY (${lines}) TO ${literal(file)} (FORMAT csv, DELIMITER '\t', QUOTE '', ESCAPE '', HEADER false, NULLSTR ${literal(NULL_TEXT)})`,
    );
    const total = Number(copied?.Count ?? 0);
    const counts = await sink.apply(file, newest.version, (done) => context.onProgress?.(done, total));
    await requireStill(profiles, newest);
    await sink.finish(newest.version);
    return { outcome: 'published', version: newest.version, ...counts };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function without(paths: readonly string[], others: readonly string[]): string[] {
  const known = new Set(others);
  return paths.filter((path) => !known.has(path));
}

/** What was sent stays invisible when the table is no longer there: a reset, or another writer of the new table, removes it. */
async function requireStill(table: DeltaTable, published: Snapshot): Promise<void> {
  const now = await table.snapshot();
  if (now?.metaData.id === published.metaData.id) return;
  throw new EventlakeError('lake:replaced', `table ${table.path} was deleted while it was published`, {
    hint: 'What it was published to still shows what it did before. Run this again.',
    retriable: true,
  });
}

/** The derived table's columns as a sink wants them. Text is JSON where the contract says so of a column of this name. */
export function sinkFields(
  fields: readonly TableField[],
  { model, columns }: Pick<PublishContext, 'model' | 'columns'>,
): SinkField[] {
  const json = new Set(columns.filter(({ type }) => type === 'json').map(({ name }) => name));
  return fields.map(({ name, type }) => ({
    name,
    type: type === 'string' && json.has(name) ? 'json' : type,
    key: model.key.includes(name),
  }));
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

/** The lines of every row that is new or differs, and of every one that vanished. */
function changes(
  form: SinkForm,
  fields: readonly SinkField[],
  newPaths: readonly string[],
  oldPaths: readonly string[],
): string {
  const stored = LINES[form].stored(fields);
  if (oldPaths.length === 0)
    return newPaths.length === 0 ? "SELECT '' WHERE false" : `SELECT ${stored} FROM ${parquet(newPaths)}`;
  const keys = keysIn(fields);
  const digest = `hash(${fields.map(({ name }) => name).join(', ')})`;
  const renamed = keys.map((key) => `${key} AS ${oldName(key)}`).join(', ');
  const old = `(SELECT ${renamed}, ${digest} AS old_digest FROM ${parquet(oldPaths)})`;
  const newKeys =
    newPaths.length > 0 ? parquet(newPaths) : `(SELECT ${keys.map((key) => `NULL AS ${key}`).join(', ')})`;
  const isSame = keys.map((key) => `${oldName(key)} = ${key}`).join(' AND ');
  const vanished = `SELECT ${LINES[form].deleted(fields, oldName)} FROM ${old} ANTI JOIN ${newKeys} ON ${isSame}`;
  if (newPaths.length === 0) return vanished;
  return `SELECT ${stored} FROM ${parquet(newPaths)} LEFT JOIN ${old} ON ${isSame}
WHERE ${oldName(keys[0] ?? '')} IS NULL OR old_digest <> ${digest}
UNION ALL ${vanished}`;
}

function oldName(column: string): string {
  return `old_${column}`;
}
