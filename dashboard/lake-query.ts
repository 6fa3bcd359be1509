import { EventlakeError } from '../core/errors.ts';
import type { CommitsAnswer, FilesAnswer, LakeAnswer } from './api.ts';
import { type LakeView, type SeenLake, type SeenTable, tablesOf } from './lake-view.ts';

/** The tables that there are. */
export async function lake(view: LakeView, place: string): Promise<LakeAnswer> {
  const tables = tablesOf(await view.now()).flatMap(({ name, snapshot }) => {
    if (!snapshot) return [];
    const { version, rows, files, partitionBy, fields } = snapshot;
    return {
      table: name,
      version: String(version),
      rows: Number(rows),
      files: files.length,
      bytes: files.reduce((sum, file) => sum + file.bytes, 0),
      partitionBy: [...partitionBy],
      fields: fields.map(({ name, type }) => ({ name, type })),
    };
  });
  return { place, tables };
}

/** A table's newest commits. @throws `table:unknown` */
export async function commits(view: LakeView, table: string, limit: number): Promise<CommitsAnswer> {
  return view.read(async (seen) => {
    const found = await existing(seen, table).table.commits(limit);
    return {
      commits: found.map(
        ({ version, time, operation, description, rowsAdded, filesAdded, filesRemoved }) => ({
          version: String(version),
          time: time?.toISOString() ?? null,
          operation,
          description,
          rowsAdded: Number(rowsAdded),
          filesAdded,
          filesRemoved,
        }),
      ),
    };
  });
}

/** A page of a table's data files, newest first. @throws `table:unknown` */
export async function dataFiles(
  view: LakeView,
  table: string,
  { limit, offset }: { limit: number; offset: number },
): Promise<FilesAnswer> {
  const files = existing(await view.now(), table).snapshot?.files ?? [];
  const sorted = files.toSorted((a, b) => b.written - a.written || (a.path < b.path ? -1 : 1));
  return {
    total: files.length,
    files: sorted.slice(offset, offset + limit).map(({ path, bytes, rows, partition, written }) => ({
      path,
      bytes,
      rows,
      partition: { ...partition },
      written: new Date(written).toISOString(),
    })),
  };
}

function existing(seen: SeenLake, name: string): SeenTable {
  const tables = tablesOf(seen).filter((table) => table.snapshot !== null);
  const found = tables.find((table) => table.name === name);
  if (found) return found;
  throw new EventlakeError('table:unknown', `There is no table "${name}"`, {
    hint: `The tables are ${tables.map((table) => table.name).join(', ')}.`,
  });
}
