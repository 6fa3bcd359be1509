import type { SandboxResult } from '../core/sql-sandbox.ts';
import type { Cell } from './api.ts';

/** Begins a formula where a spreadsheet opens the file (OWASP, CSV injection). */
const FORMULA = /^[=+\-@\t\r]/;
const NUMBER = /^[+-]?(\d+(\.\d*)?(e[+-]?\d+)?|Infinity)$/i;

/**
 * A result as CSV (RFC 4180), with a line of column names. Null is an empty cell, an empty text is `""`. A
 * cell that a spreadsheet would take for a formula gets a leading apostrophe: one that begins with `=`, `+`,
 * `-`, `@`, tab or carriage return and is no number.
 */
export async function* csvLines({
  columns,
  rows,
}: Pick<SandboxResult, 'columns' | 'rows'>): AsyncGenerator<string> {
  yield csvLine(columns.map(({ name }) => name));
  for await (const group of rows) yield group.map(csvLine).join('');
}

function csvLine(cells: readonly Cell[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}

function csvCell(cell: Cell): string {
  if (cell === null) return '';
  const text = harmless(String(cell));
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function harmless(text: string): string {
  return FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text;
}
