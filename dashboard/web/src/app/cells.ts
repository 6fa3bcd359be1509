import type { Cell } from '../../../api.ts';
import { grouped, time } from './format.ts';

/** Whether a column of this Delta type is shown as a number, to the right. */
export function isNumeric(type: string | undefined): boolean {
  return type !== undefined && /^(long|integer|double|decimal)/.test(type);
}

/** Whether a column of this Delta or DuckDB type holds amounts. A whole number may as well be an id, which is read as a text. */
export function isAmount(type: string | undefined): boolean {
  return type !== undefined && /^(double|decimal)/i.test(type);
}

/** A value as people read it. Ids and texts stay as they are. */
export function cellText(value: Cell | undefined, type: string | undefined): string {
  if (value === null || value === undefined) return '–';
  if (type === 'timestamp') return time(String(value));
  if (typeof value === 'number') return grouped(Number.isInteger(value) ? value : value.toFixed(2));
  return type?.startsWith('decimal') ? grouped(String(value)) : String(value);
}
