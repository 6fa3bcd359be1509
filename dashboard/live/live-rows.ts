import type { ColumnType, Dataset } from '../../core/dataset.ts';
import { EventlakeError } from '../../core/errors.ts';
import type { Cell } from '../api.ts';
import { csvRecords } from './csv-records.ts';
import type { OpenFile } from './live-files.ts';

/**
 * A row by column: the contract's, `log_partition` and `log_offset`. Decimals and 64-bit integers are
 * strings.
 */
export type LiveRow = Record<string, Cell>;

/** A row, and the byte after it. */
export interface PlacedRow {
  readonly row: LiveRow;
  readonly end: number;
}

const CHUNK_BYTES = 1 << 18;
/** More than the longest event of the log. */
const LONGEST_ROW = 1 << 21;
const LONGEST_HEADER = 1 << 16;
const LF = 0x0a;

/**
 * The rows of a file from `offset` to the last that is valid, a chunk at a time; from its first row where the
 * offset is 0.
 * @throws EventlakeError `live:bad_file` where the file has other columns, or no row begins at the offset
 */
export async function* rowsFrom(
  dataset: Dataset,
  file: OpenFile,
  offset: number,
): AsyncGenerator<readonly PlacedRow[]> {
  const [header] = csvRecords(await read(file, 0, LONGEST_HEADER));
  if (!header) return;
  const columns = columnsOf(dataset, header.fields);
  let at = Math.max(offset, header.end);
  while (at < file.valid) {
    let records = [...csvRecords(await read(file, at, CHUNK_BYTES))];
    if (records.length === 0) records = [...csvRecords(await read(file, at, LONGEST_ROW))];
    if (records.length === 0) throw badFile(dataset, `no whole row begins at byte ${at}`);
    const start = at;
    const rows = records.map(({ fields, end }) => {
      if (fields.length !== columns.length) throw badFile(dataset, `no row ends at byte ${start + end}`);
      const cells = columns.map(({ name, cell }, i): [string, Cell] => [name, cell(fields[i] ?? null)]);
      return { row: Object.fromEntries(cells), end: start + end };
    });
    at = rows.at(-1)?.end ?? file.valid;
    yield rows;
  }
}

/** Where the line after the one at `offset` begins. */
export async function nextLine(file: OpenFile, offset: number): Promise<number> {
  const end = (await read(file, offset, LONGEST_ROW)).indexOf(LF);
  return end < 0 ? file.valid : offset + end + 1;
}

async function read({ handle, valid }: OpenFile, from: number, most: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(most, valid - from)));
  const { bytesRead } = await handle.read(bytes, 0, bytes.length, from);
  return bytes.subarray(0, bytesRead);
}

/** How the cells of each field of the file are read. */
function columnsOf(dataset: Dataset, header: readonly (string | null)[]) {
  const types = new Map<string, ColumnType>(dataset.columns.map(({ name, type }) => [name, type]));
  types.set('log_partition', 'double').set('log_offset', 'int64');
  const missing = [...types.keys()].find((name) => !header.includes(name));
  if (missing !== undefined) throw badFile(dataset, `its first line does not name the column ${missing}`);
  return header.map((name) => ({
    name: name ?? '',
    cell: CELLS[types.get(name ?? '') ?? 'string'] ?? asText,
  }));
}

const asText = (field: string | null): Cell => field;
/** What is no text in JSON, by the column's type. */
const CELLS: Readonly<Record<string, (field: string | null) => Cell>> = {
  double: (field) => (field === null || !Number.isFinite(Number(field)) ? field : Number(field)),
  boolean: (field) => (field === null ? null : field === 'true'),
};

function badFile({ name }: Dataset, what: string): EventlakeError {
  return new EventlakeError('live:bad_file', `The CSV file of ${name} cannot be read: ${what}`, {
    hint: 'Is it the file that the export writes? Stop the export, delete the file with its .position.json, and export again.',
  });
}
