/** A query that somebody typed, over named tables. */
export interface SandboxRequest {
  readonly sql: string;
  /** By name: the local Parquet files of the table, none for a table without rows. */
  readonly tables: Readonly<Record<string, SandboxTable>>;
  /** Rows to give, after so many others; all when null. */
  readonly limit: number | null;
  readonly offset: number;
}

/** What a name in a sandboxed query stands for. */
export interface SandboxTable {
  readonly paths: readonly string[];
  readonly columns: readonly { readonly name: string; readonly sqlType: string }[];
}

/**
 * A running query: its columns, then its rows in groups. 64-bit integers, decimals, dates and times are
 * strings.
 */
export interface SandboxResult {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: AsyncIterable<readonly (string | number | boolean | null)[][]>;
  /**
   * Aborted when the query's time is up, also while nobody reads `rows`: a caller that passes them on must
   * stop then.
   */
  readonly deadline: AbortSignal;
}

/**
 * Runs queries that nobody has looked at. Read only by construction: one SELECT, no files but those of the
 * tables, no network, and limits on time and memory that no query gets around. `sql:invalid` what was typed
 * cannot run, or is no single SELECT; `sql:timeout`, `sql:memory`, `sql:too_large` the limits; `sql:busy`
 * (retriable) too many queries are running. All of them may come while the rows are read, too.
 */
export interface SqlSandbox {
  query(request: SandboxRequest): Promise<SandboxResult>;
}
