import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Sink, SqlEngine } from '../core/contracts.ts';
import { keyOf, type Model } from '../core/dataset.ts';
import { type LocalFiles, newestFiles } from '../lake/local-files.ts';
import { literal, parquet } from '../lake/sql.ts';
import type { DeltaTable } from '../lake/table.ts';
import { documentOf, idOf } from '../processing/profile-documents.ts';
import { indexField } from '../processing/publish.ts';

/** JSON can be written in several ways: ids are compared as the text that they stand for. */
const ID = "json_extract_string(id, '$') AS id";
/** How many ids are named. */
const NAMED = 10;

/** The documents of an index, compared with the rows that they are to show. */
export interface IndexComparison {
  readonly documents: number;
  /** How many are missing, differ, or should not be there. */
  readonly differing: number;
  /** The ids of the first of these. */
  readonly examples: readonly string[];
}

/** Documents are read with buffers for lines of at least this length. */
const LINE_BYTES = 1_500_000;

/** What is compared, and with what. */
export interface IndexContext {
  readonly model: Model;
  readonly profiles: DeltaTable;
  readonly index: Sink;
  readonly files: LocalFiles;
  readonly sql: SqlEngine;
  readonly temporary: string;
}

/**
 * Reads every document of the index and compares it, field by field, with the one that publishing the newest rows would send. Only digests are
 * held in memory. Numbers are compared as doubles, which is what the index computes with.
 */
export async function compareIndex(context: IndexContext): Promise<IndexComparison> {
  const { model, profiles, index, files, sql, temporary } = context;
  const key = keyOf(model);
  const { snapshot, paths } = await newestFiles(profiles, files);
  const folder = await mkdtemp(join(temporary, 'audit-'));
  try {
    const file = join(folder, 'documents.tsv');
    const line = Math.max(LINE_BYTES, await writeDocuments(index, file));
    const fields = snapshot?.fields ?? [];
    const types = fields.map((field) => [field.name, comparedAs(indexField(field, key).type)]);
    const digest = `hash(json_transform(document, ${literal(JSON.stringify(Object.fromEntries(types)))}))`;
    const shown = `read_csv(${literal(file)}, delim = '\t', quote = '', escape = '', header = false, auto_detect = false,
  max_line_size = ${line}, buffer_size = ${3 * line}, columns = {'id': 'VARCHAR', 'document': 'VARCHAR'})`;
    const rows =
      paths.length > 0
        ? `SELECT ${idOf(key)} AS id, ${documentOf(fields, key)} AS document FROM ${parquet(paths)}`
        : null;
    await sql.run(`
CREATE OR REPLACE TEMP TABLE shown AS SELECT ${ID}, ${fields.length > 0 ? digest : '0'} AS digest FROM ${shown};
CREATE OR REPLACE TEMP TABLE wanted AS ${rows ? `SELECT ${ID}, ${digest} AS digest FROM (${rows})` : 'SELECT id, digest FROM shown WHERE false'}`);
    const differing = `shown FULL JOIN wanted ON shown.id = wanted.id WHERE shown.digest IS DISTINCT FROM wanted.digest`;
    const [counts] = await sql.rows(
      `SELECT (SELECT count(*) FROM shown) AS documents, (SELECT count(*) FROM ${differing}) AS differing`,
    );
    const examples = await sql.rows(
      `SELECT coalesce(shown.id, wanted.id) AS id FROM ${differing} ORDER BY 1 LIMIT ${NAMED}`,
    );
    await sql.run('DROP TABLE shown; DROP TABLE wanted');
    return {
      documents: Number(counts?.documents),
      differing: Number(counts?.differing),
      examples: examples.map(({ id }) => String(id)),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Lines of (id as JSON, document), and the length of the longest in bytes, or a little more. */
async function writeDocuments(index: Sink, file: string): Promise<number> {
  let longest = 0;
  async function* lines(): AsyncGenerator<string> {
    for await (const page of index.pages()) {
      for (const { id, document } of page) longest = Math.max(longest, 6 * id.length, 3 * document.length);
      yield page.map(({ id, document }) => `${JSON.stringify(id)}\t${document}\n`).join('');
    }
  }
  await pipeline(Readable.from(lines(), { highWaterMark: 1 }), createWriteStream(file));
  return 2 * longest;
}

function comparedAs(type: ReturnType<typeof indexField>['type']): string {
  if (type === 'long' || type === 'double') return 'DOUBLE';
  return type === 'boolean' ? 'BOOLEAN' : 'VARCHAR';
}
