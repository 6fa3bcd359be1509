import type { RecordParts } from './contracts.ts';
import type { Column, Dataset, RecordPart } from './dataset.ts';

/** What the file's header or the event calls the column. */
export function nameInSource({ name, from = name }: Column): string {
  return typeof from === 'string' ? from : name;
}

/** The part of a record that holds the column's value; null where the record's value holds it. */
export function partOf({ from }: Column): RecordPart | null {
  return typeof from === 'object' ? from : null;
}

/** The parts of records that hold columns of the contract, in the contract's order. */
export function partsOf({ columns }: Pick<Dataset, 'columns'>): readonly RecordPart[] {
  return columns.flatMap((column) => partOf(column) ?? []);
}

/** What a reader is to hand over besides values; undefined where no column needs more. */
export function recordParts(dataset: Pick<Dataset, 'columns'>): RecordParts | undefined {
  const parts = partsOf(dataset);
  if (parts.length === 0) return undefined;
  return {
    key: parts.some((part) => 'key' in part),
    headers: parts.flatMap((part) => ('header' in part ? part.header : [])),
  };
}
