import type { Client } from 'pg';
import type { SinkField } from '../../core/sink.ts';
import { list, quoted } from './names.ts';

/** A column as PostgreSQL declares it. */
export interface Column {
  readonly name: string;
  /** As `format_type` writes it. */
  readonly type: string;
  readonly key: boolean;
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  json: 'json',
  long: 'bigint',
  integer: 'integer',
  double: 'double precision',
  boolean: 'boolean',
  date: 'date',
  timestamp: 'timestamp with time zone',
};

/**
 * The columns for these fields, by name, so that their order makes no difference. `json` keeps the text as it
 * is, which `jsonb` does not.
 */
export function columnsOf(fields: readonly SinkField[]): Column[] {
  return fields
    .map(({ name, type, key }) => ({ name, type: TYPES[type] ?? type.replace('decimal', 'numeric'), key }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The key columns, in the order of the primary key. */
export function keysOf(columns: readonly Column[]): string[] {
  return columns.filter(({ key }) => key).map(({ name }) => name);
}

/** Whether both are the same columns. */
export function areSame(a: readonly Column[], b: readonly Column[]): boolean {
  return JSON.stringify(a.map(declared)) === JSON.stringify(b.map(declared));
}

function declared({ name, type, key }: Column): unknown[] {
  return [name, type, key];
}

/** Declares the table, with its columns in the order of the fields. */
export function createTable(table: string, fields: readonly SinkField[]): string {
  const columns = fields.flatMap((field) => columnsOf([field]));
  const definitions = columns.map(({ name, type }) => `${quoted(name)} ${type}`);
  return `CREATE TABLE ${table} (${definitions.join(', ')}, PRIMARY KEY (${list(keysOf(columns))}))`;
}

/**
 * Statements that make a table of the columns `from` one of the columns `to`; every row is sent afterwards. A
 * column of another type is dropped and added, and rows under another key are deleted.
 */
export function alterTable(table: string, from: readonly Column[], to: readonly Column[]): string[] {
  const changed = (a: Column, others: readonly Column[]) =>
    !others.some(({ name, type }) => name === a.name && type === a.type);
  const dropped = from.filter((column) => changed(column, to));
  const added = to.filter((column) => changed(column, from));
  const otherKey =
    JSON.stringify(keysOf(from)) !== JSON.stringify(keysOf(to)) || dropped.some(({ key }) => key);
  return [
    ...(otherKey ? [`DELETE FROM ${table}`] : []),
    ...dropped.map(({ name }) => `ALTER TABLE ${table} DROP COLUMN ${quoted(name)}`),
    ...added.map(({ name, type }) => `ALTER TABLE ${table} ADD COLUMN ${quoted(name)} ${type}`),
    ...(otherKey
      ? [
          `DO $$ DECLARE name text; BEGIN
  SELECT conname INTO name FROM pg_constraint WHERE conrelid = '${table.replaceAll("'", "''")}'::regclass AND contype = 'p';
  IF name IS NOT NULL THEN EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', '${table.replaceAll("'", "''")}', name); END IF;
END $$`,
          `ALTER TABLE ${table} ADD PRIMARY KEY (${list(keysOf(to))})`,
        ]
      : []),
  ];
}

/**
 * The columns that the table has, as {@link columnsOf} gives them, and those that cannot be left out of a new
 * row; null when there is no table.
 */
export async function readTable(
  client: Client,
  table: string,
): Promise<{ columns: Column[]; demanding: string[] } | null> {
  const { rows } = await client.query<Column & { demanding: boolean }>(
    `
SELECT attname AS name, format_type(atttypid, atttypmod) AS type,
  coalesce(attnum = ANY (key.conkey), false) AS key,
  attnotnull AND NOT atthasdef AND attidentity = '' AS demanding
FROM pg_attribute
LEFT JOIN pg_constraint AS key ON key.conrelid = attrelid AND key.contype = 'p'
WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped
ORDER BY attname COLLATE "C"`,
    [table],
  );
  if (rows.length === 0) return null;
  return { columns: rows, demanding: rows.filter((row) => row.demanding).map(({ name }) => name) };
}

/** Whether the table has no row. */
export async function isEmpty(client: Client, table: string): Promise<boolean> {
  const { rows } = await client.query(`SELECT FROM ${table} LIMIT 1`);
  return rows.length === 0;
}

/**
 * The columns in whose order the table's rows are to lie: those of the index that `ALTER TABLE … CLUSTER ON`
 * names; none where there is no such index.
 */
export async function orderOf(client: Client, table: string): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `
SELECT attname AS name
FROM pg_index, unnest(indkey::int2[]) WITH ORDINALITY AS of_index(number, place)
JOIN pg_attribute ON attnum = number
WHERE indrelid = to_regclass($1) AND attrelid = indrelid AND indisclustered
ORDER BY place`,
    [table],
  );
  return rows.map(({ name }) => name);
}

/** Whether a foreign key of another table refers to this one. */
export async function isReferenced(client: Client, table: string): Promise<boolean> {
  const { rows } = await client.query(
    "SELECT FROM pg_constraint WHERE contype = 'f' AND confrelid = to_regclass($1) AND conrelid <> confrelid LIMIT 1",
    [table],
  );
  return rows.length > 0;
}

/**
 * What of a table is not as these columns want it, in words; null when all is. Further columns may be there,
 * if a row can do without them.
 */
export function differenceOf(
  found: { columns: readonly Column[]; demanding: readonly string[] } | null,
  wanted: readonly Column[],
): string | null {
  if (found === null) return 'the table was dropped';
  for (const { name, type, key } of wanted) {
    const column = found.columns.find((one) => one.name === name);
    if (!column) return `the column ${name} is missing`;
    if (column.type !== type) return `the column ${name} is ${column.type}, and was made as ${type}`;
    if (column.key !== key) return `the primary key is not (${keysOf(wanted).join(', ')}) any more`;
  }
  const keys = found.columns.filter(({ key }) => key).length;
  if (keys !== keysOf(wanted).length) return `the primary key is not (${keysOf(wanted).join(', ')}) any more`;
  const extra = found.demanding.find((name) => !wanted.some((one) => one.name === name));
  return extra === undefined ? null : `the column ${extra} was added, and wants a value in every row`;
}
