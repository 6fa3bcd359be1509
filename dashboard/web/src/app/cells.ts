import type { Cell } from '../../../api.ts';
import { grouped, time } from './format.ts';

/** Whether a column of this Delta type is shown as a number, to the right. */
export function isNumeric(type: string | undefined): boolean {
  return type !== undefined && /^(long|integer|double|decimal)/.test(type);
}

/**
 * Whether a column of this Delta type holds amounts. A whole number may as well be an id, which is read as a
 * text.
 */
export function isAmount(type: string | undefined): boolean {
  return type !== undefined && /^(double|decimal)/.test(type);
}

const NUMBER = /^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL\(\d+,\d+\))$/;

/** Whether a column of this DuckDB type is shown as a number. */
export function isSqlNumber(type: string | undefined): boolean {
  return type !== undefined && NUMBER.test(type);
}

/** A value of a query's result; the digits of a number are grouped, unless its column is named as an id. */
export function sqlText(value: Cell, { name, type }: { name: string; type: string }): string {
  if (value === null) return '–';
  return isSqlNumber(type) && !/(^|_)id\b/i.test(name) ? grouped(String(value)) : String(value);
}

/** A value as people read it. Ids and texts stay as they are. */
export function cellText(value: Cell | undefined, type: string | undefined): string {
  if (value === null || value === undefined) return '–';
  if (type === 'timestamp') return time(String(value));
  if (typeof value === 'number') return grouped(Number.isInteger(value) ? value : value.toFixed(2));
  return type?.startsWith('decimal') ? grouped(String(value)) : String(value);
}
