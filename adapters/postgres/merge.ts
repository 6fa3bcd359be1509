import { list, quoted } from './names.ts';
import type { Column } from './table.ts';
import { keysOf } from './table.ts';

/** The temporary table of changes: the table's columns, and whether the row is deleted. */
export const CHANGES = 'pg_temp.eventlake_changes';
const DELETED = '"eventlake deleted"';

/** Declares the temporary table; it is the session's own. */
export function createChanges(columns: readonly Column[]): string {
  const definitions = columns.map(({ name, type }) => `${quoted(name)} ${type}`);
  return `CREATE TEMPORARY TABLE eventlake_changes (${[`${DELETED} boolean`, ...definitions].join(', ')})`;
}

/** Copies lines of a file of changes; `names` are the columns in the order of the lines. */
export function copyChanges(names: readonly string[]): string {
  return `COPY ${CHANGES} (${DELETED}, ${list(names)}) FROM STDIN`;
}

/** How many changes there are of each kind. */
export const COUNT_CHANGES = `SELECT count(*) FILTER (WHERE NOT ${DELETED}) AS stored, count(*) FILTER (WHERE ${DELETED}) AS deleted FROM ${CHANGES}`;

/** Fills an empty table with the changes, which needs no look at what is there. */
export function fill(table: string, columns: readonly Column[]): string[] {
  const names = list(columns.map(({ name }) => name));
  return [`INSERT INTO ${table} (${names}) SELECT ${names} FROM ${CHANGES} WHERE NOT ${DELETED}`];
}

/**
 * Statements that bring the table to what the changes say. `isAll`: the changes are all rows of the table, and what is in no change has vanished.
 * A row that is as it is to be is not written: it would cost a dead row.
 */
export function merge(table: string, columns: readonly Column[], isAll: boolean): string[] {
  const keys = keysOf(columns);
  const names = columns.map(({ name }) => name);
  const others = columns.filter(({ key }) => !key);
  const isSameKey = keys.map((key) => `c.${quoted(key)} = t.${quoted(key)}`).join(' AND ');
  const gone = isAll
    ? `DELETE FROM ${table} AS t WHERE NOT EXISTS (SELECT FROM ${CHANGES} AS c WHERE ${isSameKey})`
    : `DELETE FROM ${table} AS t USING ${CHANGES} AS c WHERE c.${DELETED} AND ${isSameKey}`;
  const rowOf = (relation: string) =>
    others
      .map(({ name, type }) => `${relation}.${quoted(name)}${type === 'json' ? '::text' : ''}`)
      .join(', ');
  const sets = others.map(({ name }) => `${quoted(name)} = excluded.${quoted(name)}`).join(', ');
  const onConflict =
    others.length === 0
      ? 'DO NOTHING'
      : `DO UPDATE SET ${sets} WHERE (${rowOf('t')}) IS DISTINCT FROM (${rowOf('excluded')})`;
  return [
    `ANALYZE ${CHANGES} (${DELETED}, ${list(keys)})`,
    gone,
    `INSERT INTO ${table} AS t (${list(names)}) SELECT ${list(names)} FROM ${CHANGES} WHERE NOT ${DELETED} ON CONFLICT (${list(keys)}) ${onConflict}`,
  ];
}
