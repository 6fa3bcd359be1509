/**
 * One sandboxed query, as a process of its own: reads a {@link SandboxTask} and says {@link SandboxLine}s.
 */
import { writeSync } from 'node:fs';
import { json } from 'node:stream/consumers';
import { Worker } from 'node:worker_threads';
import {
  type DuckDBConnection,
  DuckDBInstance,
  type DuckDBPreparedStatement,
  type Json,
  JsonDuckDBValueConverter,
  StatementType,
} from '@duckdb/node-api';
import type { ErrorCode } from '../../core/error-codes.ts';
import type { SandboxTable } from '../../core/sql-sandbox.ts';
import type { SandboxLine, SandboxTask } from './sql-sandbox.ts';

const task = (await json(process.stdin)) as SandboxTask;
/** Bytes of a line, which the reader holds at once: a line is written once it has so many. */
const LINE_BYTES = 256_000;
/** As many at the end of a query are tried. */
const SEMICOLONS = 20;
const ONE_SELECT = 'Only one SELECT statement is allowed';
// A thread of its own, since the query may keep this one busy. It ends the process, as nothing else would in
// time.
new Worker(
  `const { workerData } = require('node:worker_threads');
   const end = () => process.kill(process.pid, 'SIGKILL');
   setInterval(() => process.memoryUsage.rss() > workerData.processMb * 1e6 && end(), 10);
   setTimeout(end, workerData.milliseconds + 1000);`,
  { eval: true, workerData: { processMb: task.processMb, milliseconds: task.milliseconds } },
).unref();

/** A query that is rejected before it runs, or in the middle. */
class Refused extends Error {
  readonly code: ErrorCode;

  constructor(message: string, code: ErrorCode = 'sql:invalid') {
    super(message);
    this.code = code;
  }
}

try {
  const connection = await open();
  await checkStatement(connection);
  await run(connection);
  say({ end: true });
} catch (error) {
  say({ error: errorOf(error as Error) });
}
process.kill(process.pid, 'SIGKILL');

/** A database that knows the tables and nothing else: files, network, extensions and settings are closed. */
async function open(): Promise<DuckDBConnection> {
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: `${task.memoryMb}MB`,
    temp_directory: task.temporary,
    max_temp_directory_size: '2GB',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    allow_community_extensions: 'false',
  });
  const connection = await instance.connect();
  const allowed: string[] = [];
  await connection.run("SET timezone = 'UTC'");
  for (const [name, table] of Object.entries(task.tables)) {
    await connection.run(`CREATE VIEW "${name}" AS ${relation(table)}`);
    allowed.push(...table.paths, ...table.paths.map(exactly));
  }
  await connection.run(`
SET allowed_paths = [${allowed.map(literal).join(', ')}];
SET enable_external_access = false;
SET lock_configuration = true`);
  return connection;
}

function relation({ paths, columns }: SandboxTable): string {
  const none = `SELECT ${columns.map(({ name, sqlType }) => `CAST(NULL AS ${sqlType}) AS "${name}"`).join(', ')} WHERE false`;
  if (paths.length === 0) return none;
  // Files from before a column was added do not hold it.
  return `${none} UNION ALL BY NAME FROM read_parquet([${paths.map(exactly).map(literal).join(', ')}], hive_partitioning = false, union_by_name = true)`;
}

/** One statement, and that a SELECT, by DuckDB's own word. */
async function checkStatement(connection: DuckDBConnection): Promise<void> {
  if (task.sql.includes('\0')) throw new Refused('The query holds a NUL character');
  const statements = await connection.extractStatements(task.sql).catch((error: Error) => {
    throw error.message.includes('native callback') ? new Refused('There is no query') : error;
  });
  if (statements.count !== 1)
    throw new Refused(`${ONE_SELECT}, and these are ${statements.count} statements`);
  const { statementType, parameterCount } = await statements.prepare(0).catch(async (error) => {
    // DuckDB says of a DELETE that a view cannot be deleted from, before it says that it is a DELETE.
    throw (await isQuery(connection)) ? error : new Refused(ONE_SELECT);
  });
  if (statementType !== StatementType.SELECT)
    throw new Refused(`${ONE_SELECT}, and this is ${StatementType[statementType] ?? 'something else'}`);
  if (parameterCount > 0) throw new Refused('The query has parameters, and there are no values for them');
}

/**
 * Writes the columns and the rows. Rows are converted one at a time: a chunk of long texts would not fit into
 * the heap.
 */
async function run(connection: DuckDBConnection): Promise<void> {
  const result = await (await bracketed(connection)).stream();
  const names = result.columnNames();
  const types = result.columnTypes().map(String);
  say({ columns: names.map((name, i) => ({ name, type: types[i] ?? '' })) });
  let rows: string[] = [];
  let bytes = 0;
  let total = 0;
  const write = () => {
    if (rows.length > 0) writeLine(`{"rows":[${rows.join(',')}]}`);
    rows = [];
    bytes = 0;
  };
  for (;;) {
    const chunk = await result.fetchChunk();
    if (!chunk?.rowCount) break;
    for (let row = 0; row < chunk.rowCount; row++) {
      const cells = chunk.convertRowValues(row, JsonDuckDBValueConverter);
      const text = JSON.stringify(cells.map((cell, i) => plain(cell, types[i] ?? '')));
      const size = Buffer.byteLength(text);
      total += size;
      // A row is never divided, and so is held whole by the reader of a download, too.
      if (size > task.pageBytes || (task.limit !== null && total > task.pageBytes)) throw tooLarge();
      rows.push(text);
      bytes += size;
      if (bytes >= LINE_BYTES) write();
    }
  }
  write();
}

/**
 * The page of the query that is asked for. Only a query can stand in brackets; a semicolon cannot, nor what
 * follows one. Which of the semicolons ends the statement, and does not stand in a text or a comment, shows
 * when the brackets can be read.
 */
function bracketed(connection: DuckDBConnection): Promise<DuckDBPreparedStatement> {
  const page = task.limit === null ? '' : ` LIMIT ${task.limit} OFFSET ${task.offset}`;
  return inBrackets((sql) => connection.prepare(`${sql}${page}`));
}

/** Whether the statement can stand in brackets, also where it names tables or columns that do not exist. */
function isQuery(connection: DuckDBConnection): Promise<boolean> {
  return inBrackets((sql) => connection.extractStatements(sql)).then(
    () => true,
    () => false,
  );
}

async function inBrackets<T>(read: (sql: string) => Promise<T>): Promise<T> {
  let sql = task.sql;
  for (let attempt = 1; ; attempt++) {
    try {
      return await read(`SELECT * FROM (${sql}\n)`);
    } catch (error) {
      const end = sql.lastIndexOf(';');
      if (end < 0 || attempt === SEMICOLONS) throw error;
      sql = sql.slice(0, end);
    }
  }
}

/** Lists and structures as JSON text; instants in ISO 8601. */
function plain(cell: Json, type: string): string | number | boolean | null {
  if (cell !== null && typeof cell === 'object') return JSON.stringify(cell);
  if (type === 'TIMESTAMP WITH TIME ZONE' && typeof cell === 'string')
    return `${cell.slice(0, -3).replace(' ', 'T')}Z`;
  return cell;
}

function tooLarge(): Refused {
  return new Refused(
    `The rows are too large to be shown: more than ${task.pageBytes / 1e6} MB`,
    'sql:too_large',
  );
}

function say(line: SandboxLine): void {
  writeLine(JSON.stringify(line));
}

function writeLine(line: string): void {
  const bytes = Buffer.from(`${line}\n`);
  for (let written = 0; written < bytes.length; ) {
    try {
      written += writeSync(1, bytes, written);
    } catch (error) {
      // The pipe is full. The reader is slow, or has gone and ends this process.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
    }
  }
}

function errorOf(error: Error): { code: ErrorCode; message: string } {
  if (error instanceof Refused) return { code: error.code, message: error.message };
  const message = error.message.replace(/^Failed to \w+ \w+: /, '');
  return { code: message.startsWith('Out of Memory Error') ? 'sql:memory' : 'sql:invalid', message };
}

/**
 * A path as the pattern that matches this file alone: DuckDB's readers take `*`, `?` and `[` in a path as a
 * pattern.
 */
function exactly(path: string): string {
  return path.replaceAll(/[*?[]/g, '[$&]');
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
