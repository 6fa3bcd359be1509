import { list, quoted } from './names.ts';
import type { Column } from './table.ts';
import { keysOf } from './table.ts';

const DELETED = '"eventlake deleted"';

/**
 * Declares a temporary table of changes: the table's columns, and whether the row is deleted. It is the
 * session's own.
 */
export function createChanges(changes: string, columns: readonly Column[]): string {
  const definitions = columns.map(({ name, type }) => `${quoted(name)} ${type}`);
  return `CREATE TEMPORARY TABLE ${changes} (${[`${DELETED} boolean`, ...definitions].join(', ')})`;
}

/** Copies lines of a file of changes; `names` are the columns in the order of the lines. */
export function copyChanges(changes: string, names: readonly string[]): string {
  return `COPY ${changes} (${DELETED}, ${list(names)}) FROM STDIN`;
}

/** How many changes there are of each kind. */
export function countChanges(changes: string): string {
  return `SELECT count(*) FILTER (WHERE NOT ${DELETED}) AS stored, count(*) FILTER (WHERE ${DELETED}) AS deleted FROM ${changes}`;
}

/** Lets the planner know how many changes there are, and of which keys. */
export function analyzeChanges(changes: string, columns: readonly Column[]): string {
  return `ANALYZE ${changes} (${DELETED}, ${list(keysOf(columns))})`;
}

/**
 * Fills an empty table with the changes, which needs no look at what is there. `order` are the columns by
 * which rows are sorted first.
 */
export function fill(
  table: string,
  changes: string,
  columns: readonly Column[],
  order: readonly string[],
): string {
  return insert(table, changes, columns, order);
}

/**
 * Inserts rows that are new, and updates those that differ. A row that is as it is to be is not written: it
 * would cost a dead row.
 */
export function store(
  table: string,
  changes: string,
  columns: readonly Column[],
  order: readonly string[],
): string {
  const keys = keysOf(columns);
  const others = columns.filter(({ key }) => !key);
  const rowOf = (relation: string) =>
    others
      .map(({ name, type }) => `${relation}.${quoted(name)}${type === 'json' ? '::text' : ''}`)
      .join(', ');
  const sets = others.map(({ name }) => `${quoted(name)} = excluded.${quoted(name)}`).join(', ');
  const onConflict =
    others.length === 0
      ? 'DO NOTHING'
      : `DO UPDATE SET ${sets} WHERE (${rowOf('t')}) IS DISTINCT FROM (${rowOf('excluded')})`;
  return `${insert(table, changes, columns, order)} ON CONFLICT (${list(keys)}) ${onConflict}`;
}

function insert(
  table: string,
  changes: string,
  columns: readonly Column[],
  order: readonly string[],
): string {
  const names = list(columns.map(({ name }) => name));
  const sorted = order.length > 0 ? ` ORDER BY ${list(order)}` : '';
  return `INSERT INTO ${table} AS t (${names}) SELECT ${names} FROM ${changes} WHERE NOT ${DELETED}${sorted}`;
}

/**
 * Deletes what has vanished. `isAll`: the changes are all rows of the table, and what is in no change has
 * vanished.
 */
export function remove(table: string, changes: string, columns: readonly Column[], isAll: boolean): string {
  const isSameKey = keysOf(columns)
    .map((key) => `c.${quoted(key)} = t.${quoted(key)}`)
    .join(' AND ');
  return isAll
    ? `DELETE FROM ${table} AS t WHERE NOT EXISTS (SELECT FROM ${changes} AS c WHERE ${isSameKey})`
    : `DELETE FROM ${table} AS t USING ${changes} AS c WHERE c.${DELETED} AND ${isSameKey}`;
}
