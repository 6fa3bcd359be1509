import { type Dataset, nameInSource } from '../core/dataset.ts';
import { EventlakeError } from '../core/errors.ts';
import { type EncodedEvent, PlainLineEncoder } from './plain-line.ts';
import type { RecordGroup } from './records.ts';

const LF = 0x0a;

/** How the fields of one file become events. */
export interface EventEncoder {
  /** Columns of the file that the contract does not name, and which are not carried. */
  readonly extra: readonly string[];
  /** Columns of the contract that may be absent and are. */
  readonly absent: readonly string[];
  /**
   * Record `index` of `group`, whose fields are `fields`, as an event: JSON in which every value is a string, an empty field null; and its key, null
   * when it has none. The buffers must not be modified.
   */
  encode(group: RecordGroup, index: number, fields: readonly string[]): EncodedEvent;
}

/**
 * Maps a file's header to the dataset's contract; columns may stand in any order.
 * @throws `ingest:missing_column` naming the required columns that are missing, `ingest:duplicate_column`.
 */
export function eventEncoder(
  dataset: Pick<Dataset, 'name' | 'key' | 'columns'>,
  header: readonly string[],
  file: string,
): EventEncoder {
  const known = new Set(dataset.columns.map(nameInSource));
  const duplicate = header.find((name, i) => known.has(name) && header.indexOf(name) !== i);
  if (duplicate !== undefined) {
    throw new EventlakeError(
      'ingest:duplicate_column',
      `${file}: the header names the column ${duplicate} twice`,
    );
  }
  const missing = dataset.columns.filter(
    (column) => column.required && !header.includes(nameInSource(column)),
  );
  if (missing.length > 0) {
    const names = missing.map(nameInSource).join(', ');
    throw new EventlakeError(
      'ingest:missing_column',
      `${file}: the header lacks the required column ${names}`,
      {
        hint: `The header is: ${header.join(',').slice(0, 300)}. The file dataset.yml of ${dataset.name} says which columns are required.`,
      },
    );
  }
  const carried = [...known]
    .map((name) => ({ name, index: header.indexOf(name) }))
    .filter(({ index }) => index >= 0);
  const keyColumn = dataset.columns.find((column) => column.name === dataset.key);
  const keyIndex = keyColumn ? header.indexOf(nameInSource(keyColumn)) : -1;
  const plainLines = new PlainLineEncoder(carried, keyIndex);
  return {
    extra: header.flatMap((name, i) => (known.has(name) ? [] : [name || `column ${i + 1} (without a name)`])),
    absent: [...known].filter((name) => !header.includes(name)),
    encode(group, index, fields) {
      if (group.plain) return plainLines.encode(group.bytes, ...lineOf(group, index));
      const values = carried.map((column) => [column.name, fields[column.index] || null]);
      const key = fields[keyIndex] ?? '';
      return {
        key: key === '' ? null : Buffer.from(key),
        value: Buffer.from(JSON.stringify(Object.fromEntries(values))),
      };
    },
  };
}

/** Where a record of one line begins and ends in the group's bytes: blank lines may be before it, and a line feed after it. */
function lineOf({ bytes, ends }: RecordGroup, index: number): [number, number] {
  let start = index === 0 ? 0 : (ends[index - 1] ?? 0);
  while (bytes[start] === LF) start += 1;
  const end = ends[index] ?? bytes.length;
  return [start, bytes[end - 1] === LF ? end - 1 : end];
}
