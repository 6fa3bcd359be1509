import { fileColumns } from '../core/data-files.ts';
import type { Dataset } from '../core/dataset.ts';
import type { SqlSession } from '../core/engine.ts';
import { EventlakeError, UsageError } from '../core/errors.ts';
import { names } from '../core/model-query.ts';
import type { Answer, Warehouse } from '../core/sink.ts';
import { literal } from '../core/sql.ts';
import { type LocalFiles, newestFiles } from '../lake/local-files.ts';
import type { DeltaTable } from '../lake/table.ts';
import { plainCounts } from './rows.ts';

/** Where a report is computed: from the tables in the lake, or from what PostgreSQL shows of them. */
export type ReportPlace = 'lake' | 'warehouse';

/** What reports are computed from. */
export interface ReportContext {
  readonly dataset: Dataset;
  /** The tables of the models, by name. */
  readonly derived: ReadonlyMap<string, DeltaTable>;
  readonly files: LocalFiles;
  readonly sql: SqlSession;
  /** What the tables are published to; null: only the lake is there. */
  readonly database: Warehouse | null;
}

/** The answer of a report. */
export interface ReportResult extends Answer {
  readonly on: ReportPlace;
  /** The day that it is of: yyyy-MM-dd. */
  readonly date: string;
}

/**
 * Runs a report's query over the newest versions of the tables. The same text runs in both places, with the
 * same answer.
 * @param date yyyy-MM-dd; the newest day of the facts when null
 * @param place absent: the warehouse where there is one that shows all tables of the query, else the lake
 * @throws EventlakeError `report:no_facts` where there is no day or no table yet
 * @throws UsageError `report:no_warehouse` where it is to run in one that is not there
 */
export async function runReport(
  context: ReportContext,
  query: string,
  date: string | null,
  place?: ReportPlace,
): Promise<ReportResult> {
  const on = place ?? (isPublished(context, query) ? 'warehouse' : 'lake');
  const day = date ?? (await daysOf(context, on)).newest;
  // The query may end in a comment.
  const { columns, rows } = await answer(
    context,
    on,
    `${query.replaceAll('$date', `DATE ${literal(day)}`)}\n`,
  );
  return { on, date: day, columns, rows: rows.map((row) => plainCounts(row, '')) };
}

function isPublished({ dataset, derived, database }: ReportContext, query: string): boolean {
  if (!database) return false;
  const published = dataset.publish.filter(({ to }) => to === 'postgres').map(({ table }) => table);
  return [...derived.keys()].every((table) => !names(query, table) || published.includes(table));
}

/**
 * The first and the newest day of the facts, yyyy-MM-dd.
 * @param place absent: the warehouse where there is one that shows the facts, else the lake
 * @throws EventlakeError `report:no_facts` where there is no day yet
 */
export async function daysOf(
  context: ReportContext,
  place?: ReportPlace,
): Promise<{ first: string; newest: string }> {
  const { dataset } = context;
  if (!dataset.reports) throw noFacts(dataset, 'its dataset.yml does not say in which column their days are');
  const { table, day } = dataset.reports;
  const on = place ?? (isPublished(context, table) ? 'warehouse' : 'lake');
  const days = `SELECT CAST(min(CAST(${day} AS DATE)) AS VARCHAR) AS first, CAST(max(CAST(${day} AS DATE)) AS VARCHAR) AS newest FROM ${table}`;
  const [row] = (await answer(context, on, days)).rows;
  if (row?.newest == null) throw noFacts(dataset, `there is no row in ${table} yet`);
  return { first: String(row.first), newest: String(row.newest) };
}

function noFacts({ name }: Dataset, why: string): EventlakeError {
  return new EventlakeError('report:no_facts', `The reports of ${name} have no newest day: ${why}`, {
    hint: `Name a day with --date, or process its events first: eventlake process ${name}`,
  });
}

function answer(context: ReportContext, on: ReportPlace, query: string): Promise<Answer> {
  if (on === 'lake') return answerOfLake(context, query);
  if (context.database) return context.database.query(query);
  throw new UsageError('report:no_warehouse', `${context.dataset.name} is not published to PostgreSQL`, {
    hint: 'Set WAREHOUSE_URL, or leave out --on; the tables must be published to postgres in the dataset file.',
  });
}

async function answerOfLake(context: ReportContext, query: string): Promise<Answer> {
  const { sql } = context;
  const opened = await openTables(context, query);
  try {
    const described = await sql.rows(`DESCRIBE ${query}`);
    return { columns: described.map((column) => String(column.column_name)), rows: await sql.rows(query) };
  } finally {
    for (const name of opened) await sql.run(`DROP VIEW IF EXISTS ${name}`);
  }
}

/** Makes the tables that the query names visible to it; answers with their names. */
async function openTables({ derived, files, sql }: ReportContext, query: string): Promise<string[]> {
  const opened: string[] = [];
  for (const [name, table] of derived) {
    if (!names(query, name)) continue;
    const { snapshot, paths } = await newestFiles(table, files);
    if (!snapshot) throw missing(name);
    await sql.run(
      `CREATE OR REPLACE TEMP VIEW ${name} AS SELECT * FROM ${sql.table(fileColumns(snapshot), paths)}`,
    );
    opened.push(name);
  }
  return opened;
}

function missing(table: string): EventlakeError {
  return new EventlakeError('report:no_facts', `There is no table ${table} yet`, {
    hint: 'Process the events first: eventlake process',
  });
}
