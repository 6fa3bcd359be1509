import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SinkField, SinkForm } from '../../core/sink.ts';

/** A row to store (JSON text), or null to delete it. */
export interface Change {
  readonly id: string;
  readonly document: string | null;
}

/** The escapes of PostgreSQL's COPY text format, as its manual lists them. */
const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};

let folder: string | undefined;
let files = 0;

/**
 * Writes changes as SQL writes them for `Sink.apply`; answers with the file, which is removed when the
 * process ends. In the form of rows, the id is the value of the key, and a field that the document does not
 * name is null.
 */
export function fileOf(
  changes: readonly Change[],
  form: SinkForm = 'documents',
  fields: readonly SinkField[] = [],
): string {
  if (folder === undefined) {
    const made = mkdtempSync(join(tmpdir(), 'eventlake-changes-'));
    process.on('exit', () => rmSync(made, { recursive: true, force: true }));
    folder = made;
  }
  const file = join(folder, `${files++}.tsv`);
  const line = form === 'documents' ? documentLine : (change: Change) => rowLine(change, fields);
  writeFileSync(file, changes.map((change) => `${line(change)}\n`).join(''));
  return file;
}

function documentLine({ id, document }: Change): string {
  return `${JSON.stringify(id)}\t${document ?? ''}`;
}

function rowLine({ id, document }: Change, fields: readonly SinkField[]): string {
  const given = document === null ? {} : JSON.parse(document);
  const values = fields.map(({ name, key }) => textOf(key ? id : given[name]));
  return [document === null ? 't' : 'f', ...values].join('\t');
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return '\\N';
  return String(value).replaceAll(/[\\\b\f\n\r\t\v]/g, (character) => ESCAPES[character] ?? character);
}
