import type { SinkField, SinkForm } from '../../core/sink.ts';
import { documentOf, idOf } from './documents.ts';

/** What has to be escaped in a value: a backslash, and the characters from backspace to carriage return. */
const ESCAPES = [
  ['\\', '\\\\'],
  ['\b', '\\b'],
  ['\t', '\\t'],
  ['\n', '\\n'],
  ['\v', '\\v'],
  ['\f', '\\f'],
  ['\r', '\\r'],
] as const;

/** Null, as the COPY below writes it. */
export const NULL_TEXT = '\\N';

/**
 * How the lines of a form are written, in SQL: lists of columns, which a tab is to part and in which null is
 * {@link NULL_TEXT}.
 */
interface Lines {
  /** Of a row that is to be stored. */
  stored(fields: readonly SinkField[]): string;
  /** Of a row that is to be deleted, whose key columns are called what `old` makes of their names. */
  deleted(fields: readonly SinkField[], old: (name: string) => string): string;
}

/** Every form in which a sink may take rows. */
export const LINES: Readonly<Record<SinkForm, Lines>> = {
  documents: {
    stored: (fields) => `${idOf(keyIn(fields))} AS id, ${documentOf(fields)} AS document`,
    deleted: (fields, old) => `${idOf(old(keyIn(fields)))}, ''`,
  },
  rows: {
    stored: (fields) => ["'f'", ...fields.map(textOf)].join(', '),
    deleted: (fields, old) =>
      [
        "'t'",
        ...fields.map((field) => (field.key ? textOf({ ...field, name: old(field.name) }) : 'NULL')),
      ].join(', '),
  },
};

/** The names of the key columns. */
export function keysIn(fields: readonly SinkField[]): string[] {
  return fields.filter(({ key }) => key).map(({ name }) => name);
}

/** The key column of a table that has one. */
export function keyIn(fields: readonly SinkField[]): string {
  return keysIn(fields)[0] ?? '';
}

/** A column's value in SQL, as text without a tab or line end. Times are in UTC, as the session is. */
export function textOf({ name, type }: SinkField): string {
  if (type !== 'string' && type !== 'json') return `CAST(${name} AS VARCHAR)`;
  const escaped = ESCAPES.reduce(
    (text, [character, by]) => `replace(${text}, ${sqlText(character)}, ${sqlText(by)})`,
    name,
  );
  return `CASE WHEN regexp_matches(${name}, '[\\x08-\\x0d\\\\]') THEN ${escaped} ELSE ${name} END`;
}

function sqlText(text: string): string {
  return text.length === 1 && text !== '\\' ? `chr(${text.charCodeAt(0)})` : `'${text}'`;
}
