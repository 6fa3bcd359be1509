import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileColumns, type TableField } from '../../core/data-files.ts';
import { EVENTS_TABLE } from '../../core/dataset.ts';
import { eventColumns } from '../../core/lake-tables.ts';
import type { Lookup } from '../../core/lookup.ts';
import { literal } from '../../core/sql.ts';
import type { Computed, ModelRun } from './model-run.ts';
import { writeParquet } from './parquet-writer.ts';
import { MANY_FILES, tableRelation } from './relations.ts';

/** The query of a look-up, which names what it reads: the values of one column of the events. */
export function lookupQuery(from: string, { version }: Lookup): string {
  return `SELECT DISTINCT ${from} FROM ${EVENTS_TABLE} -- looked up in ${version.replaceAll(/\s/g, ' ')}`;
}

/** The columns of a look-up's table. */
export function lookupFields(from: string, { columns }: Lookup): TableField[] {
  return [from, ...columns].map((name) => ({ name, type: 'string', nullable: true }));
}

/**
 * Computes the table of a look-up: one row for each distinct value. Values that the table has already are not
 * looked up again, and where only events were added, only theirs are read. Values and answers go through
 * files, so that memory does not grow with their number.
 */
export async function computeLookup(run: ModelRun, lookup: Lookup): Promise<Computed> {
  const { sql, dataset, model, inputs, derived, added, folder } = run;
  const events = inputs.find(({ name }) => name === EVENTS_TABLE);
  if (!events) throw new Error('a look-up reads the events');
  const from = model.from ?? '';
  const fields = lookupFields(from, lookup);
  const read = added ? { ...events.table, files: added } : events.table;
  const relation = tableRelation(eventColumns(dataset), await run.paths(read));
  const before = derived ? tableRelation(fileColumns(derived), await run.paths(derived)) : null;
  const [values, answers] = [join(folder, 'values.json'), join(folder, 'answers.json')];
  const isNew = before ? `ANTI JOIN ${before} USING (${from})` : '';
  await sql.run(`
COPY (SELECT DISTINCT ${from} AS value FROM ${relation} ${isNew} WHERE ${from} IS NOT NULL)
TO ${literal(values)} (FORMAT json)`);
  await pipeline(
    createReadStream(values, 'utf8'),
    linesOf,
    (lines) => answersOf(lines, from, lookup),
    createWriteStream(answers),
  );
  const types = fields.map(({ name }) => `${name}: 'VARCHAR'`).join(', ');
  const found = `SELECT * FROM read_json(${literal(answers)}, format = 'newline_delimited', columns = {${types}})`;
  const columns = fields.map(({ name }) => name).join(', ');
  const kept = derived && derived.files.length <= MANY_FILES ? derived.files : null;
  const query = before && !kept ? `SELECT ${columns} FROM ${before} UNION ALL ${found}` : found;
  const files = await writeParquet(sql, query, fields, join(folder, `${model.table}.parquet`));
  return { fields, files, ...(kept && { kept }) };
}

/** Splits text at line feeds alone: Node's readline takes U+2028 for a line's end, too. */
async function* linesOf(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}

/** What is known of each value, as JSON lines. The lines read are objects with a `value`. */
async function* answersOf(
  lines: AsyncIterable<string>,
  from: string,
  lookup: Lookup,
): AsyncGenerator<string> {
  for await (const line of lines) {
    const { value } = JSON.parse(line) as { value: string };
    const known = lookup.of(value);
    const answer = Object.fromEntries(lookup.columns.map((column, i) => [column, known[i]]));
    yield `${JSON.stringify({ [from]: value, ...answer })}\n`;
  }
}
