import type { Cell } from '../../../api.ts';

const COLOURS = 12;

/**
 * The theme's colour of the group with this number, as the name of a custom property. Colours repeat after
 * twelve.
 */
export function colourOf(number: number): string {
  return `--group-${number % COLOURS}`;
}

/** Decimals that give the largest of these values four digits, enough to compare by; at most three. */
export function decimalsFor(values: readonly number[]): number {
  const most = Math.max(0, ...values.map(Math.abs));
  return most === 0 ? 0 : Math.min(3, Math.max(0, 3 - Math.floor(Math.log10(most))));
}

/** How many decimals the longest of these values has. */
export function mostDecimals(values: readonly (Cell | undefined)[]): number {
  const numbers = values.filter((value) => typeof value === 'number');
  return Math.max(0, ...numbers.map((value) => /\.(\d+)$/.exec(String(value))?.[1]?.length ?? 0));
}

/** A cell of a numeric column; null where it has no value. */
export function numberOf(cell: Cell | undefined): number | null {
  return cell === null || cell === undefined ? null : Number(cell);
}
