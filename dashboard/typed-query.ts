import { fileColumns } from '../core/data-files.ts';
import type { Dataset } from '../core/dataset.ts';
import { namesOf } from '../core/field-types.ts';
import { eventColumns } from '../core/lake-tables.ts';
import type { SandboxResult, SqlSandbox } from '../core/sql-sandbox.ts';
import type { Cell, SqlAnswer } from './api.ts';
import { csvLines } from './csv.ts';
import { type LakeView, type SeenTable, tablesOf } from './lake-view.ts';

/** Runs queries that people type over the tables of the lake. */
export class TypedQueries {
  readonly #dataset: Dataset;
  readonly #view: LakeView;
  readonly #sandbox: SqlSandbox;

  constructor(dataset: Dataset, view: LakeView, sandbox: SqlSandbox) {
    this.#dataset = dataset;
    this.#view = view;
    this.#sandbox = sandbox;
  }

  /** One page of the result. */
  async page(sql: string, limit: number, offset: number): Promise<SqlAnswer> {
    const began = performance.now();
    const { columns, rows: groups } = await this.#run(sql, limit + 1, offset);
    const rows: Cell[][] = [];
    for await (const group of groups) rows.push(...group.map((row) => [...row]));
    const milliseconds = Math.round(performance.now() - began);
    return { columns: [...columns], rows: rows.slice(0, limit), more: rows.length > limit, milliseconds };
  }

  /** The whole result as CSV (RFC 4180). What is wrong with the query shows before the first line. */
  async csv(sql: string): Promise<{ readonly lines: AsyncIterable<string>; readonly deadline: AbortSignal }> {
    const result = await this.#run(sql, null, 0);
    return { lines: csvLines(result), deadline: result.deadline };
  }

  async #run(sql: string, limit: number | null, offset: number): Promise<SandboxResult> {
    return this.#view.read(async (seen) => {
      const tables = await Promise.all(
        tablesOf(seen)
          .filter((table) => table.snapshot !== null || table === seen.events)
          .map(async (table) => [
            table.name,
            { paths: await this.#view.paths(table), columns: this.#columns(table) },
          ]),
      );
      return this.#sandbox.query({ sql, tables: Object.fromEntries(tables), limit, offset });
    });
  }

  #columns({ snapshot }: SeenTable) {
    const fields = snapshot ? fileColumns(snapshot) : eventColumns(this.#dataset);
    return fields.map(({ name, type }) => ({ name, sqlType: namesOf(type).duckdb }));
  }
}
