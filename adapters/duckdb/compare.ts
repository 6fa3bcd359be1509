import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { CopyComparison, SqlSession } from '../../core/engine.ts';
import { namesOf } from '../../core/field-types.ts';
import type { Sink, SinkField, SinkForm } from '../../core/sink.ts';
import { literal } from '../../core/sql.ts';
import { exactly, parquet, threadsFor } from './relations.ts';
import { keysIn, LINES, NULL_TEXT } from './sink-lines.ts';

/** How many ids are named. */
const NAMED = 10;
/** Lines are read with buffers for lines of at least this length, in bytes. */
const LINE_BYTES = 1_500_000;

/** In SQL: the columns of a line, and of these a row's id as text and a digest of its values. */
interface Compared {
  readonly columns: readonly string[];
  readonly id: string;
  readonly digest: string;
}

/** How lines of each form are compared. */
const COMPARED: Readonly<Record<SinkForm, (fields: readonly SinkField[]) => Compared>> = {
  /**
   * JSON can be written in several ways: ids are compared as the text that they stand for, and numbers as
   * doubles, which an index computes with.
   */
  documents: (fields) => ({
    columns: ['key', 'document'],
    id: "json_extract_string(key, '$')",
    // Without a table there are no fields.
    digest: fields.length === 0 ? 'hash(0)' : `hash(json_transform(document, ${literal(jsonForm(fields))}))`,
  }),
  /** Every digit counts. Text is compared as it is escaped. */
  rows: (fields) => ({
    columns: ['_deleted', ...fields.map(({ name }) => name)],
    id: `concat_ws(', ', ${['NULL', ...keysIn(fields)].join(', ')})`,
    digest: `hash(${['0', ...fields.map(({ name, type }) => `CAST(${name} AS ${type === 'json' ? 'VARCHAR' : namesOf(type).duckdb})`)].join(', ')})`,
  }),
};

/** A sink, and the rows that it is to show: those of a table in these local files. */
interface Compare {
  readonly sink: Sink;
  readonly fields: readonly SinkField[];
  readonly paths: readonly string[];
}

/**
 * Reads every row of the sink and compares it, column by column, with what publishing the rows would send.
 */
export async function compareCopy(
  sql: SqlSession,
  temporary: string,
  { sink, fields, paths }: Compare,
): Promise<CopyComparison> {
  const folder = await mkdtemp(join(temporary, 'audit-'));
  try {
    const file = join(folder, 'rows.tsv');
    const found = await writeLines(sink, fields, file);
    const longest = Math.max(LINE_BYTES, found);
    const { columns, id, digest } = COMPARED[sink.form](fields);
    const shown = `read_csv(${literal(exactly(file))}, delim = '\t', quote = '', escape = '', header = false, auto_detect = false, nullstr = ${literal(NULL_TEXT)},
  max_line_size = ${longest}, buffer_size = ${3 * longest}, ${threadsFor(found)}, columns = {${columns.map((name) => `${literal(name)}: 'VARCHAR'`).join(', ')}})`;
    const wanted = `(SELECT ${LINES[sink.form].stored(fields)} FROM ${parquet(paths)}) AS lines(${columns.join(', ')})`;
    await sql.run(`
CREATE OR REPLACE TEMP TABLE shown AS SELECT ${id} AS id, ${digest} AS digest FROM ${shown};
CREATE OR REPLACE TEMP TABLE wanted AS ${paths.length > 0 ? `SELECT ${id} AS id, ${digest} AS digest FROM ${wanted}` : 'SELECT id, digest FROM shown WHERE false'}`);
    const differing = `shown FULL JOIN wanted ON shown.id = wanted.id WHERE shown.digest IS DISTINCT FROM wanted.digest`;
    const [counts] = await sql.rows(
      `SELECT (SELECT count(*) FROM shown) AS rows, (SELECT count(*) FROM ${differing}) AS differing`,
    );
    const examples = await sql.rows(
      `SELECT coalesce(shown.id, wanted.id) AS id FROM ${differing} ORDER BY 1 LIMIT ${NAMED}`,
    );
    await sql.run('DROP TABLE shown; DROP TABLE wanted');
    return {
      rows: Number(counts?.rows),
      differing: Number(counts?.differing),
      examples: examples.map(({ id }) => String(id)),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The lines of the sink in a file, and the length of the longest in bytes, or a little more. */
async function writeLines(sink: Sink, fields: readonly SinkField[], file: string): Promise<number> {
  let longest = 0;
  async function* lines(): AsyncGenerator<string> {
    for await (const page of sink.pages(fields)) {
      for (const line of page) longest = Math.max(longest, 3 * line.length);
      yield page.map((line) => `${line}\n`).join('');
    }
  }
  await pipeline(Readable.from(lines(), { highWaterMark: 1 }), createWriteStream(file));
  return 2 * longest;
}

function jsonForm(fields: readonly SinkField[]): string {
  return JSON.stringify(Object.fromEntries(fields.map((field) => [field.name, jsonTypeOf(field)])));
}

function jsonTypeOf({ type, key }: SinkField): string {
  if (key || ['string', 'json', 'date', 'timestamp'].includes(type)) return 'VARCHAR';
  return type === 'boolean' ? 'BOOLEAN' : 'DOUBLE';
}
