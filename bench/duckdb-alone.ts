import { join } from 'node:path';
import { emptyFolder } from './data.ts';
import { bareEnvironment, type Measured, measure } from './measure.ts';
import { withVersion } from './report.ts';

const PROGRAM = join(import.meta.dirname, 'raw-duckdb.ts');

export const DUCKDB_ALONE = `DuckDB (${withVersion('@duckdb/node-api')}) alone`;

/** The least that can be done with the file, by `raw-duckdb.ts`; the folder is emptied first. */
export async function measureDuckDbAlone(file: string, folder: string): Promise<Measured> {
  await emptyFolder(folder);
  return measure([PROGRAM, file, folder], bareEnvironment());
}
