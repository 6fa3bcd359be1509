import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { EVENTS_TABLE } from '../core/dataset.ts';
import type { DataFile, Snapshot } from '../lake/snapshot.ts';
import { emptyRelation, fileList, literal, parquet } from '../lake/sql.ts';
import { eventsRelation } from './events-table.ts';
import type { ModelContext } from './model.ts';
import { computeOver, dropInputs, type EventRows, openInputs } from './model-compute.ts';
import type { SeenInput } from './model-inputs.ts';
import { type Computed, writeRows } from './model-output.ts';

/** A table of more files than this is written again as a whole, so that their number stays small. */
const MANY_FILES = 32;

/**
 * Computes the rows of those values of `shareBy` that stand in the files `added` of events, over all events of these values. Rows that the
 * table has of these values are replaced, and only the files that hold such rows are written again.
 */
export async function computeTouched(
  context: ModelContext,
  inputs: readonly SeenInput[],
  { derived, added }: { derived: Snapshot; added: readonly DataFile[] },
  folder: string,
): Promise<Computed> {
  const { sql } = context;
  const events = inputs.find(({ name }) => name === EVENTS_TABLE);
  if (!events) throw new Error('only a model that reads events has touched values');
  await openInputs(context, inputs);
  try {
    const { before, now } = await touchedEvents(context, events, added, folder);
    const key = await findStale(context, derived, before, folder);
    const computed = await computeOver(context, now, folder);
    const columns = computed.fields.map(({ name }) => name).join(', ');
    const paths = await context.files.paths(context.table, derived);
    const changed = paths.length > MANY_FILES ? new Set(paths) : await holders(context, paths, key);
    const rest =
      changed.size === 0
        ? []
        : await writeRows(
            sql,
            `SELECT ${columns} FROM ${parquet([...changed])} ANTI JOIN stale USING (${key})`,
            join(folder, 'rest.parquet'),
          );
    const kept = derived.files.filter((_, i) => !changed.has(paths[i] ?? ''));
    return { fields: computed.fields, files: [...computed.files, ...rest], kept };
  } finally {
    await sql.run('DROP TABLE IF EXISTS touched; DROP TABLE IF EXISTS stale');
    await dropInputs(sql, inputs);
  }
}

/** The events of the touched values: those that were there before, and all that are there now. */
async function touchedEvents(
  { sql, dataset, model, files }: ModelContext,
  events: SeenInput,
  added: readonly DataFile[],
  folder: string,
): Promise<{ before: EventRows; now: EventRows }> {
  const { table, snapshot } = events;
  const addedPaths = new Set(added.map(({ path }) => path));
  const earlier = snapshot.files.filter(({ path }) => !addedPaths.has(path));
  const pathsOf = (some: readonly DataFile[]) => files.paths(table, { ...snapshot, files: some });
  const newPaths = await pathsOf(added);
  const newEvents = eventsRelation(dataset, events, newPaths);
  await sql.run(`CREATE OR REPLACE TEMP TABLE touched AS SELECT DISTINCT ${model.shareBy} FROM ${newEvents}`);
  const of = join(folder, 'before.parquet');
  const [written] = await sql.rows(
    `COPY (SELECT events.* FROM ${eventsRelation(dataset, events, await pathsOf(earlier))} AS events SEMI JOIN touched USING (${model.shareBy})) TO ${literal(of)} (FORMAT parquet, COMPRESSION lz4_raw, RETURN_STATS)`,
  );
  const before = { source: parquet([of]), rows: Number(written?.count ?? 0), paths: [of] };
  return {
    before,
    now: {
      source: `(FROM ${before.source} UNION ALL BY NAME FROM ${newEvents})`,
      rows: before.rows + added.reduce((sum, { rows }) => sum + rows, 0),
      paths: [of, ...newPaths],
    },
  };
}

/**
 * Fills `stale` with the keys of the table's rows that are of touched values, and answers with the columns that these keys have. A table
 * without the column `shareBy` does not say of which value a row is: the model says it, computed over the events that were there before.
 */
async function findStale(
  context: ModelContext,
  derived: Snapshot,
  before: EventRows,
  folder: string,
): Promise<string> {
  const { sql, model } = context;
  const { shareBy = '' } = model;
  if (derived.fields.some(({ name }) => name === shareBy)) {
    await sql.run(`CREATE OR REPLACE TEMP TABLE stale AS SELECT ${shareBy} FROM touched`);
    return shareBy;
  }
  const place = join(folder, 'stale');
  await mkdir(place);
  const { files } = await computeOver(context, before, place);
  const key = model.key.join(', ');
  const keys =
    files.length > 0 ? parquet(files.map(({ localPath }) => localPath)) : emptyRelation(derived.fields);
  await sql.run(`CREATE OR REPLACE TEMP TABLE stale AS SELECT ${key} FROM ${keys}`);
  return key;
}

/** Those of the table's files that hold stale rows. */
async function holders({ sql }: ModelContext, paths: readonly string[], key: string): Promise<Set<string>> {
  if (paths.length === 0) return new Set();
  const rows = await sql.rows(
    `SELECT DISTINCT filename FROM read_parquet(${fileList(paths)}, hive_partitioning = false, filename = true) SEMI JOIN stale USING (${key})`,
  );
  return new Set(rows.map(({ filename }) => String(filename)));
}
