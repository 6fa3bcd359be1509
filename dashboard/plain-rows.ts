import type { Row } from '../core/row.ts';
import type { Cell } from './api.ts';

/** Rows as JSON has them: 64-bit integers become strings. */
export function plainRows(rows: readonly Row[]): Record<string, Cell>[] {
  return rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, cell]) => [name, typeof cell === 'bigint' ? String(cell) : cell]),
    ),
  );
}
