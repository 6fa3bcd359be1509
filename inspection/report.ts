import type { Row, SqlEngine } from '../core/contracts.ts';
import type { Dataset } from '../core/dataset.ts';
import { EventlakeError } from '../core/errors.ts';
import { type LocalFiles, newestFiles } from '../lake/local-files.ts';
import { fileColumns } from '../lake/snapshot.ts';
import { literal, tableRelation } from '../lake/sql.ts';
import type { DeltaTable } from '../lake/table.ts';
import { names } from '../processing/model-inputs.ts';
import { plainCounts } from './rows.ts';

/** What reports are computed from. */
export interface ReportContext {
  readonly dataset: Dataset;
  /** The tables of the models, by name. */
  readonly derived: ReadonlyMap<string, DeltaTable>;
  readonly files: LocalFiles;
  readonly sql: SqlEngine;
}

/** The answer of a report. */
export interface ReportResult {
  /** The day that it is of: yyyy-MM-dd. */
  readonly date: string;
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
}

/**
 * Runs a report's query over the newest versions of the tables in the lake.
 * @param date yyyy-MM-dd; the newest day of the facts when null
 * @throws EventlakeError `report:no_facts` where there is no day yet
 */
export async function runReport(
  context: ReportContext,
  query: string,
  date: string | null,
): Promise<ReportResult> {
  const { sql } = context;
  const day = date ?? (await newestDay(context));
  const opened = await openTables(context, query);
  try {
    const dated = query.replaceAll('$date', `DATE ${literal(day)}`);
    // The query may end in a comment.
    const described = await sql.rows(`DESCRIBE ${dated}\n`);
    const rows = await sql.rows(dated);
    const columns = described.map((column) => String(column.column_name));
    return { date: day, columns, rows: rows.map((row) => plainCounts(row, '')) };
  } finally {
    for (const name of opened) await sql.run(`DROP VIEW IF EXISTS ${name}`);
  }
}

async function newestDay(context: ReportContext): Promise<string> {
  const { dataset, sql } = context;
  if (!dataset.reports) throw noFacts(dataset, 'its dataset.yml does not say in which column their days are');
  const { table, day } = dataset.reports;
  const opened = await openTables(context, table);
  try {
    const [row] = await sql.rows(`SELECT CAST(max(${day}) AS VARCHAR) AS newest FROM ${table}`);
    if (row?.newest == null) throw noFacts(dataset, `there is no row in ${table} yet`);
    return String(row.newest);
  } finally {
    for (const name of opened) await sql.run(`DROP VIEW IF EXISTS ${name}`);
  }
}

function noFacts({ name }: Dataset, why: string): EventlakeError {
  return new EventlakeError('report:no_facts', `The reports of ${name} have no newest day: ${why}`, {
    hint: `Name a day with --date, or process its events first: eventlake process ${name}`,
  });
}

/** Makes the tables that the query names visible to it; answers with their names. */
async function openTables({ derived, files, sql }: ReportContext, query: string): Promise<string[]> {
  const opened: string[] = [];
  for (const [name, table] of derived) {
    if (!names(query, name)) continue;
    const { snapshot, paths } = await newestFiles(table, files);
    if (!snapshot) throw missing(name);
    await sql.run(
      `CREATE OR REPLACE TEMP VIEW ${name} AS SELECT * FROM ${tableRelation(fileColumns(snapshot), paths)}`,
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
