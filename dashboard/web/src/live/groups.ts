import type { Cell } from '../../../api.ts';

const COLOURS = 12;

/**
 * The theme's colour of the group with this number, as the name of a custom property. Colours repeat after
 * twelve.
 */
export function colourOf(number: number): string {
  return `--group-${number % COLOURS}`;
}

/** `438.1` of 438.0947: four digits are enough to compare by. */
export function rounded(value: number): string {
  return String(Number(value.toPrecision(4)));
}

/** A cell of a numeric column; null where it has no value. */
export function numberOf(cell: Cell | undefined): number | null {
  return cell === null || cell === undefined ? null : Number(cell);
}
