import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { DataFile, TableField, TableVersion } from '../../core/data-files.ts';
import { EVENTS_TABLE } from '../../core/dataset.ts';
import type { SqlSession } from '../../core/engine.ts';
import { eventColumns } from '../../core/lake-tables.ts';
import { literal } from '../../core/sql.ts';
import { columnDifference } from '../../lake/schema.ts';
import { computeOver } from './model-compute.ts';
import type { Computed, EventRows, ModelRun } from './model-run.ts';
import { dropInputs, openInputs } from './model-views.ts';
import { writeModelRows } from './parquet-writer.ts';
import { emptyRelation, MANY_FILES, parquet, tableRelation } from './relations.ts';

/**
 * A file of fewer rows is small. More than {@link MANY_FILES} of these are written again as one; those of a
 * whole computation, one for each share of the events, are larger and stay.
 */
const SMALL_FILE = 20_000;
/** So many files, evenly over all, tell whether it is worth to look into each. */
const SAMPLED_FILES = 8;

/** Keys that are looked for: those in the relation `keys`, in the columns `key`. */
interface Wanted {
  readonly keys: string;
  readonly key: string;
}

/**
 * Computes the rows of those values of `shareBy` that stand in the files `added` of events, over all events
 * of these values. Rows that the table has of these values are replaced, and only the files that hold such
 * rows are written again, or small ones when there are many. Null where the table has other columns than the
 * rows now have, as after a change of the contract: none of its rows can stay.
 */
export async function computeTouched(
  run: ModelRun,
  derived: TableVersion,
  added: readonly DataFile[],
): Promise<Computed | null> {
  const { sql, inputs, folder } = run;
  const events = inputs.find(({ name }) => name === EVENTS_TABLE);
  if (!events) throw new Error('only a model that reads events has touched values');
  await openInputs(run);
  try {
    const { before, now } = await touchedEvents(run, events.table, added);
    const key = await findStale(run, derived, before);
    const computed = await computeOver(run, now, folder);
    if (columnDifference(derived.fields, computed.fields) !== null) return null;
    const columns = computed.fields.map(({ name }) => name).join(', ');
    const paths = await run.paths(derived);
    const small = paths.filter((_, i) => (derived.files[i]?.rows ?? 0) < SMALL_FILE);
    const holding = await holders(sql, derived.fields, paths, { keys: 'stale', key });
    const changed = small.length > MANY_FILES ? new Set([...small, ...holding]) : holding;
    const rest =
      changed.size === 0
        ? []
        : await writeModelRows(
            sql,
            `SELECT ${columns} FROM ${parquet([...changed])} ANTI JOIN stale USING (${key})`,
            computed.fields,
            join(folder, 'rest.parquet'),
          );
    const kept = derived.files.filter((_, i) => !changed.has(paths[i] ?? ''));
    return { fields: computed.fields, files: [...computed.files, ...rest], kept };
  } finally {
    await sql.run('DROP TABLE IF EXISTS touched; DROP TABLE IF EXISTS stale');
    await dropInputs(
      sql,
      inputs.map(({ name }) => name),
    );
  }
}

/** The events of the touched values: those that were there before, and all that are there now. */
async function touchedEvents(
  run: ModelRun,
  events: TableVersion,
  added: readonly DataFile[],
): Promise<{ before: EventRows; now: EventRows }> {
  const { sql, dataset, model, folder } = run;
  const { shareBy = '' } = model;
  const names = new Set(added.map(({ path }) => path));
  const isNew = events.files.map(({ path }) => names.has(path));
  const columns = eventColumns(dataset);
  // Of all files at once: those that are asked for alone are the only ones known to be undamaged.
  const paths = await run.paths(events);
  const newPaths = paths.filter((_, i) => isNew[i]);
  const newEvents = tableRelation(columns, newPaths);
  await sql.run(`CREATE OR REPLACE TEMP TABLE touched AS SELECT DISTINCT ${shareBy} FROM ${newEvents}`);
  // The other columns are far larger than this one: they are read only where the value was there before.
  const earlierPaths = paths.filter((_, i) => !isNew[i]);
  const oldPaths = await likelyHolders(sql, columns, earlierPaths, { keys: 'touched', key: shareBy });
  const oldEvents = tableRelation(columns, oldPaths);
  const of = join(folder, 'before.parquet');
  const read = dataset.columns.map(({ name }) => name).join(', ');
  const [written] = await sql.rows(
    `COPY (SELECT ${read} FROM ${oldEvents} AS events SEMI JOIN touched USING (${shareBy})) TO ${literal(of)} (FORMAT parquet, COMPRESSION lz4_raw, RETURN_STATS)`,
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
 * Fills `stale` with the keys of the table's rows that are of touched values, and answers with the columns
 * that these keys have. A table without the column `shareBy` does not say of which value a row is: the model
 * says it, computed over the events that were there before.
 */
async function findStale(run: ModelRun, derived: TableVersion, before: EventRows): Promise<string> {
  const { sql, model, folder } = run;
  const { shareBy = '' } = model;
  if (derived.fields.some(({ name }) => name === shareBy)) {
    await sql.run(`CREATE OR REPLACE TEMP TABLE stale AS SELECT ${shareBy} FROM touched`);
    return shareBy;
  }
  const place = join(folder, 'stale');
  await mkdir(place);
  const { files } = await computeOver(run, before, place);
  const key = model.key.join(', ');
  const keys =
    files.length > 0 ? parquet(files.map(({ localPath }) => localPath)) : emptyRelation(derived.fields);
  await sql.run(`CREATE OR REPLACE TEMP TABLE stale AS SELECT ${key} FROM ${keys}`);
  return key;
}

/**
 * As {@link holders}, and all of the files where each of a few does: then hardly one of the others does not.
 */
async function likelyHolders(
  sql: SqlSession,
  fields: readonly TableField[],
  paths: readonly string[],
  wanted: Wanted,
): Promise<string[]> {
  const every = Math.ceil(paths.length / SAMPLED_FILES);
  const [sample, others] = [paths.filter((_, i) => i % every === 0), paths.filter((_, i) => i % every > 0)];
  const held = await holders(sql, fields, sample, wanted);
  if (held.size === sample.length) return [...paths];
  return [...held, ...(await holders(sql, fields, others, wanted))];
}

/** Those of a table's files that hold rows with keys that stand in the relation `keys`, too. */
async function holders(
  sql: SqlSession,
  fields: readonly TableField[],
  paths: readonly string[],
  { keys, key }: Wanted,
): Promise<Set<string>> {
  const [present] = await sql.rows(`SELECT count(*) AS n FROM ${keys}`);
  if (paths.length === 0 || present?.n === 0n) return new Set();
  const rows = await sql.rows(
    `SELECT DISTINCT filename FROM ${tableRelation(fields, paths, 'filename = true')} SEMI JOIN ${keys} USING (${key})`,
  );
  return new Set(rows.map(({ filename }) => String(filename)));
}
