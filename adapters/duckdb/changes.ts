import type { ChangesJob, SqlSession } from '../../core/engine.ts';
import { literal } from '../../core/sql.ts';
import { parquet } from './relations.ts';
import { keysIn, LINES, NULL_TEXT } from './sink-lines.ts';

/** Writes the lines of what differs to the file; answers with their number. */
export async function writeChanges(sql: SqlSession, job: ChangesJob, file: string): Promise<number> {
  const [copied] = await sql.rows(
    `COPY (${changedLines(job)}) TO ${literal(file)} (FORMAT csv, DELIMITER '\t', QUOTE '', ESCAPE '', HEADER false, NULLSTR ${literal(NULL_TEXT)})`,
  );
  return Number(copied?.Count ?? 0);
}

/** The lines of every row that is new or differs, and of every one that vanished. */
function changedLines({ form, fields, added: newPaths, removed: oldPaths }: ChangesJob): string {
  const stored = LINES[form].stored(fields);
  if (oldPaths.length === 0)
    return newPaths.length === 0 ? "SELECT '' WHERE false" : `SELECT ${stored} FROM ${parquet(newPaths)}`;
  const keys = keysIn(fields);
  const digest = `hash(${fields.map(({ name }) => name).join(', ')})`;
  const renamed = keys.map((key) => `${key} AS ${oldName(key)}`).join(', ');
  const old = `(SELECT ${renamed}, ${digest} AS old_digest FROM ${parquet(oldPaths)})`;
  const newKeys =
    newPaths.length > 0 ? parquet(newPaths) : `(SELECT ${keys.map((key) => `NULL AS ${key}`).join(', ')})`;
  const isSame = keys.map((key) => `${oldName(key)} = ${key}`).join(' AND ');
  const vanished = `SELECT ${LINES[form].deleted(fields, oldName)} FROM ${old} ANTI JOIN ${newKeys} ON ${isSame}`;
  if (newPaths.length === 0) return vanished;
  return `SELECT ${stored} FROM ${parquet(newPaths)} LEFT JOIN ${old} ON ${isSame}
WHERE ${oldName(keys[0] ?? '')} IS NULL OR old_digest <> ${digest}
UNION ALL ${vanished}`;
}

function oldName(column: string): string {
  return `old_${column}`;
}
