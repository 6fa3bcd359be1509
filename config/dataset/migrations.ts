import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../../core/errors.ts';
import type { DatasetFolder } from './read.ts';

/** A step of the tables in PostgreSQL from one form to the next: SQL that runs once, in one transaction. */
export interface Migration {
  /** 1, 2, 3 … */
  readonly number: number;
  /** The file: `001_tables.sql`. */
  readonly name: string;
  readonly sql: string;
}

/**
 * The migrations of a dataset, `migrations/NNN_*.sql` in its folder, in order.
 * @throws UsageError `dataset:invalid` where a number is missing or there twice
 */
export async function migrationsOf({ folder }: Pick<DatasetFolder, 'folder'>): Promise<Migration[]> {
  const place = join(folder, 'migrations');
  const files = (await readdir(place).catch(() => [])).filter((file) => file.endsWith('.sql')).sort();
  return Promise.all(
    files.map(async (name, i) => {
      const number = Number(/^(\d{3})_/.exec(name)?.[1]);
      if (number === i + 1) return { number, name, sql: await readFile(join(place, name), 'utf8') };
      throw new UsageError('dataset:invalid', `${join(place, name)} should be number ${i + 1}`, {
        hint: 'Migrations are numbered from 001 on, without a gap: 001_tables.sql, 002_indexes.sql',
      });
    }),
  );
}
