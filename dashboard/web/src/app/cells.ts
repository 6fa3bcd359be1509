import type { Cell, DatasetAnswer } from '../../../api.ts';
import { grouped, time, words } from './format.ts';

/** The currency of a column of the events or of the model; null where it holds no money. */
export function currencyOf({ overview }: DatasetAnswer, column: string): string | null {
  const isMoney = overview && (column === overview.amount || overview.amounts.includes(column));
  return isMoney ? overview.currency : null;
}

/** A column's heading: its name in words, with the currency of what is in it. */
export function heading(dataset: DatasetAnswer, column: string): string {
  const currency = currencyOf(dataset, column);
  return currency ? `${words(column)} (${currency})` : words(column);
}

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

/** A value of a column with its currency, where it has one. */
export function amountText(
  dataset: DatasetAnswer,
  column: string,
  value: Cell | undefined,
  type: string | undefined,
): string {
  const text = cellText(value, type);
  const currency = currencyOf(dataset, column);
  return currency && text !== '–' ? `${text} ${currency}` : text;
}

/** A value as people read it. Ids and texts stay as they are. */
export function cellText(value: Cell | undefined, type: string | undefined): string {
  if (value === null || value === undefined) return '–';
  if (type === 'timestamp') return time(String(value));
  if (typeof value === 'number') return grouped(Number.isInteger(value) ? value : value.toFixed(2));
  return type?.startsWith('decimal') ? grouped(String(value)) : String(value);
}
