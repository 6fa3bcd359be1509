import type { Dataset } from '../core/dataset.ts';
import { EventlakeError } from '../core/errors.ts';

/** How the fields of one file become events. */
export interface EventEncoder {
  /** Columns of the file that the contract does not name, and which are not carried. */
  readonly extra: readonly string[];
  /** Columns of the contract that may be absent and are. */
  readonly absent: readonly string[];
  /** The event's JSON: every value a string, an empty field null. `plain` promises that no field needs escaping. */
  encode(fields: readonly string[], plain: boolean): string;
  /** The value that keys the event; empty when it has none. */
  key(fields: readonly string[]): string;
}

/**
 * Maps a file's header to the dataset's contract; columns may stand in any order.
 * @throws `ingest:missing_column` naming the required columns that are missing, `ingest:duplicate_column`.
 */
export function eventEncoder(dataset: Dataset, header: readonly string[], file: string): EventEncoder {
  const known = new Set(dataset.columns.map((column) => column.name));
  const duplicate = header.find((name, i) => known.has(name) && header.indexOf(name) !== i);
  if (duplicate !== undefined) {
    throw new EventlakeError(
      'ingest:duplicate_column',
      `${file}: the header names the column ${duplicate} twice`,
    );
  }
  const missing = dataset.columns.filter((column) => column.required && !header.includes(column.name));
  if (missing.length > 0) {
    const names = missing.map((column) => column.name).join(', ');
    throw new EventlakeError(
      'ingest:missing_column',
      `${file}: the header lacks the required column ${names}`,
      {
        hint: `The header is: ${header.join(',').slice(0, 300)}. config/datasets/${dataset.name}.yml says which columns are required.`,
      },
    );
  }
  const carried = dataset.columns
    .map((column) => ({ name: column.name, index: header.indexOf(column.name) }))
    .filter(({ index }) => index >= 0);
  const parts = carried.map(({ name, index }, i) => ({ index, prefix: `${i === 0 ? '{' : ','}"${name}":` }));
  const keyIndex = header.indexOf(dataset.key);
  return {
    extra: header.filter((name) => !known.has(name)),
    absent: dataset.columns.filter((column) => !header.includes(column.name)).map((column) => column.name),
    encode(fields, plain) {
      let json = '';
      for (const { index, prefix } of parts) {
        const value = fields[index];
        if (value === undefined || value === '') json += `${prefix}null`;
        else json += plain ? `${prefix}"${value}"` : prefix + JSON.stringify(value);
      }
      return `${json}}`;
    },
    key: (fields) => fields[keyIndex] ?? '',
  };
}
