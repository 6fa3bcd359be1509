import type { SinkField } from '../../core/sink.ts';

/** In bytes. */
const LONGEST_ID = 512;

/**
 * The id of a key's document, in SQL, as JSON, which keeps it on its line. An index takes no id of more than
 * 512 bytes: a longer key is named by its digest.
 */
export function idOf(column: string): string {
  const text = `CAST(${column} AS VARCHAR)`;
  return `to_json(CASE WHEN strlen(${text}) > ${LONGEST_ID} THEN sha256(${text}) ELSE ${text} END)`;
}

/** The document of a row, in SQL, as JSON text. */
export function documentOf(fields: readonly SinkField[]): string {
  const values = fields.map(({ name, type, key }) => {
    if (key) return `${name} := CAST(${name} AS VARCHAR)`;
    if (type === 'timestamp') return `${name} := strftime(${name}, '%Y-%m-%dT%H:%M:%S.%gZ')`;
    return `${name} := ${name}`;
  });
  return `CAST(to_json(struct_pack(${values.join(', ')})) AS VARCHAR)`;
}
