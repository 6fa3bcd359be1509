import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { SqlEngine } from '../core/contracts.ts';
import { EVENTS_TABLE, sourceOf } from '../core/dataset.ts';
import { EventlakeError, hasCode } from '../core/errors.ts';
import { fieldOfSqlType, type TableField } from '../lake/schema.ts';
import { fileColumns } from '../lake/snapshot.ts';
import { emptyRelation, tableRelation } from '../lake/sql.ts';
import type { NewFile } from '../lake/stats.ts';
import { eventColumns, eventsFields, eventsRelation } from './events-table.ts';
import type { ModelContext } from './model.ts';
import { unreadableCsv } from './model-csv.ts';
import { readsDataset, type SeenInput } from './model-inputs.ts';
import { lookupFields } from './model-lookup.ts';
import { type Computed, writeRows } from './model-output.ts';
import { shareOf, sharesOf, splitIntoShares } from './model-shares.ts';

/** Events as an SQL relation of the contract's columns, and how many there are. */
export interface EventRows {
  readonly source: string;
  readonly rows: number;
  readonly paths: readonly string[];
}

/** Computes the whole table. */
export async function computeAll(
  context: ModelContext,
  inputs: readonly SeenInput[],
  folder: string,
): Promise<Computed> {
  const events = await openInputs(context, inputs);
  try {
    return await computeOver(context, events, folder);
  } finally {
    await dropInputs(context.sql, inputs);
  }
}

/** The derived table's columns as the model will make them, before there is any event or earlier table. */
export async function modelFields(
  context: Pick<ModelContext, 'sql' | 'model' | 'query' | 'dataset' | 'lookup'>,
  earlier: Readonly<Record<string, readonly TableField[]>> = {},
): Promise<TableField[]> {
  const { sql, dataset, model, lookup } = context;
  if (lookup) return lookupFields(model.from ?? '', lookup);
  await defineSparkFunctions(sql);
  const tables = { ...earlier, [EVENTS_TABLE]: eventsFields(dataset) };
  for (const [name, fields] of Object.entries(tables)) await view(sql, name, emptyRelation(fields));
  await sql.run(
    `CREATE OR REPLACE TEMP TABLE dataset AS SELECT max(${dataset.time}) AS last_event FROM ${EVENTS_TABLE}`,
  );
  try {
    return await describe(context);
  } finally {
    await dropInputs(
      sql,
      Object.keys(tables).map((name) => ({ name })),
    );
  }
}

/** Makes the inputs visible to the query, and answers with what there is of events. */
export async function openInputs(context: ModelContext, inputs: readonly SeenInput[]): Promise<EventRows> {
  const { sql, dataset, query, files } = context;
  await defineSparkFunctions(sql);
  let events: EventRows = { source: emptyRelation(eventColumns(dataset)), rows: 0, paths: [] };
  for (const { name, table, snapshot } of inputs) {
    const paths = await files.paths(table, snapshot);
    if (name === EVENTS_TABLE) {
      const source = eventsRelation(dataset, { table, snapshot }, paths);
      events = { source, rows: Number(snapshot.rows), paths };
    } else await view(sql, name, tableRelation(fileColumns(snapshot), paths));
  }
  if (readsDataset(query)) {
    await sql.run(
      `CREATE OR REPLACE TEMP TABLE dataset AS SELECT max(${dataset.time}) AS last_event FROM ${events.source}`,
    );
  }
  return events;
}

/** A table of another dataset is a view in a schema of that dataset's name. */
async function view(sql: SqlEngine, name: string, source: string): Promise<void> {
  const [schema, other] = name.split('.');
  if (other === undefined) await sql.run(`CREATE OR REPLACE TEMP VIEW ${name} AS SELECT * FROM ${source}`);
  else
    await sql.run(
      `CREATE SCHEMA IF NOT EXISTS ${schema}; CREATE OR REPLACE VIEW ${name} AS SELECT * FROM ${source}`,
    );
}

export async function dropInputs(sql: SqlEngine, inputs: readonly { name: string }[]): Promise<void> {
  for (const { name } of inputs) await sql.run(`DROP VIEW IF EXISTS ${name}`);
  await sql.run(`DROP VIEW IF EXISTS ${EVENTS_TABLE}; DROP TABLE IF EXISTS dataset`);
}

/** The model's rows over these events, all at once or a share at a time, in files of the folder. */
export async function computeOver(
  context: ModelContext,
  events: EventRows,
  folder: string,
): Promise<Computed> {
  const { sql, model, query, dataset } = context;
  const columns = dataset.columns.map((column) => column.name).join(', ');
  if (model.shareBy === undefined || events.rows === 0) {
    await view(sql, EVENTS_TABLE, `(SELECT ${columns} FROM ${events.source})`);
    const fields = await describe(context);
    context.signal?.throwIfAborted();
    const files = await writeRows(sql, query, join(folder, `${model.table}.parquet`)).catch(
      (cause: Error) => {
        throw model.csv ? unreadableCsv(model.table, model.csv, cause) : cause;
      },
    );
    context.onProgress?.(1, 1);
    return { fields, files };
  }
  for (let shares = await sharesOf(sql, events.rows, events.paths); ; shares *= 4) {
    const part = join(folder, `of-${shares}`);
    try {
      return await computeShares(context, events, shares, part);
    } catch (error) {
      // Long values that repeat are small in the files and large in memory.
      if (!hasCode(error, 'sql:out_of_memory') || shares > events.rows) throw error;
      await rm(part, { recursive: true, force: true });
    }
  }
}

async function computeShares(
  context: ModelContext,
  events: EventRows,
  shares: number,
  folder: string,
): Promise<Computed> {
  const { sql, model, query, dataset } = context;
  await mkdir(folder, { recursive: true });
  await splitIntoShares(sql, { dataset, shareBy: model.shareBy ?? dataset.key, ...events }, shares, folder);
  const files: NewFile[] = [];
  let fields: TableField[] = [];
  for (let share = 0; share < shares; share += 1) {
    context.signal?.throwIfAborted();
    await view(sql, EVENTS_TABLE, shareOf(folder, share));
    if (share === 0) fields = await describe(context);
    files.push(...(await writeRows(sql, query, join(folder, `${model.table}-${share}.parquet`))));
    await rm(join(folder, `share=${share}`), { recursive: true, force: true });
    context.onProgress?.(share + 1, shares);
  }
  return { fields, files };
}

/** The model's columns. What is wrong with its SQL shows here. */
async function describe({
  sql,
  model,
  query,
}: Pick<ModelContext, 'sql' | 'model' | 'query'>): Promise<TableField[]> {
  const described = await sql.rows(`DESCRIBE ${query}`).catch((cause: Error) => {
    if (model.csv) throw unreadableCsv(model.table, model.csv, cause);
    throw new EventlakeError('model:invalid', `${model.sql} is no query over events: ${cause.message}`, {
      cause,
    });
  });
  const lacks = [...model.key, model.audit?.events, model.audit?.amount].find(
    (name) => name !== undefined && !described.some((row) => row.column_name === name),
  );
  if (lacks === undefined) {
    return described.map((row) => fieldOfSqlType(String(row.column_name), String(row.column_type), true));
  }
  throw new EventlakeError(
    'model:invalid',
    `${sourceOf(model)} gives no column ${lacks}, which the dataset file names`,
  );
}

/** Names that Spark SQL has and DuckDB lacks, so that one model text runs on both. `sha2` is for 256 bits alone. */
async function defineSparkFunctions(sql: SqlEngine): Promise<void> {
  await sql.run(`
CREATE OR REPLACE TEMP MACRO unix_timestamp(t) AS CAST(floor(epoch(t)) AS BIGINT);
CREATE OR REPLACE TEMP MACRO sha2(text, bits) AS sha256(text)`);
}
