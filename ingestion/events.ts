import { nameInSource } from '../core/column-source.ts';
import type { Dataset } from '../core/dataset.ts';
import { EventlakeError } from '../core/errors.ts';
import { COMMAS, comparable, type Dialect, guessDelimiter } from './dialect.ts';
import { type EncodedEvents, PlainLineEncoder } from './plain-encoder.ts';
import { fieldsOf, type RecordGroup } from './record-group.ts';

/** How the fields of one file become events. */
export interface EventEncoder {
  /** Columns of the file that the contract does not name, and which are not carried. */
  readonly extra: readonly string[];
  /** Columns of the contract that may be absent and are. */
  readonly absent: readonly string[];
  /**
   * Adds record `index` of `group`, which is no dead line, as an event: JSON in which every value is a
   * string, an empty field null; and its key, null when it has none.
   */
  encode(group: RecordGroup, index: number, to: EncodedEvents): void;
  /** Nobody reads this chunk's events any more: their memory may be used again. */
  release(events: EncodedEvents): void;
}

/**
 * Maps a file's header to the dataset's contract; columns may stand in any order, and a name that no column
 * has exactly may differ in case and in spaces around it.
 * @throws `ingest:missing_column` naming the required columns that are missing, `ingest:duplicate_column`.
 */
export function eventEncoder(
  dataset: Pick<Dataset, 'name' | 'key' | 'columns'> & { readonly source?: Dataset['source'] },
  given: readonly string[],
  file: string,
  { delimiter }: Dialect = COMMAS,
): EventEncoder {
  const known = new Set(dataset.columns.map(nameInSource));
  const header = namesOfContract(given, known);
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
    const other = guessDelimiter(given.join(delimiter), missing.map(nameInSource));
    if (other !== null) throw otherDelimiter(file, delimiter, other);
    throw new EventlakeError(
      'ingest:missing_column',
      `${file}: the header lacks the required ${missing.length === 1 ? 'column' : 'columns'} ${names}`,
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
  const nulls = new Set(dataset.source?.type === 'file' ? dataset.source.nulls : []);
  const textOf = (field: string | undefined) => (!field || nulls.has(field) ? null : field);
  return {
    extra: header.flatMap((name, i) => (known.has(name) ? [] : [name || `column ${i + 1} (without a name)`])),
    absent: [...known].filter((name) => !header.includes(name)),
    encode(group, index, to) {
      if (group.plain && nulls.size === 0) return plainLines.encode(group.bytes, group.plain, index, to);
      const fields = textsOf(group, index);
      const values = carried.map((column) => [column.name, textOf(fields[column.index])]);
      const key = textOf(fields[keyIndex]);
      push(to, key, JSON.stringify(Object.fromEntries(values)));
    },
    release: (events) => plainLines.release(events),
  };
}

/** The encoder of records that are JSON objects already, as of `toJsonRecords`. */
export function jsonEncoder(): EventEncoder {
  return {
    extra: [],
    absent: [],
    encode(group, index, to) {
      const [object = '', key = ''] = textsOf(group, index);
      push(to, key || null, object);
    },
    release: () => {},
  };
}

function push({ keys, values }: EncodedEvents, key: string | null, value: string): void {
  if (key === null) keys.pushNull();
  else keys.pushText(key);
  values.pushText(value);
}

/**
 * The header with the contract's names for those that are the same but for case and spaces, where only one
 * column can be meant.
 */
function namesOfContract(header: readonly string[], known: ReadonlySet<string>): readonly string[] {
  const loose = Map.groupBy(
    [...known].filter((name) => !header.includes(name)),
    comparable,
  );
  if (loose.size === 0) return header;
  return header.map((name) => {
    const [only, ...others] = known.has(name) ? [] : (loose.get(comparable(name)) ?? []);
    return only === undefined || others.length > 0 ? name : only;
  });
}

function otherDelimiter(file: string, delimiter: string, other: string): EventlakeError {
  const named = JSON.stringify(other);
  return new EventlakeError(
    'ingest:bad_header',
    `${file}: the header is separated by ${named}, not by ${JSON.stringify(delimiter)}`,
    { hint: `Set source.delimiter to ${named} in dataset.yml.` },
  );
}

/** The fields of a record that is no dead line. */
function textsOf(group: RecordGroup, index: number): readonly string[] {
  const fields = fieldsOf(group, index);
  return 'reason' in fields ? [] : fields;
}
