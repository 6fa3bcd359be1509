import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { openSql } from '../../cli/session.ts';
import type { Dataset } from '../../core/dataset.ts';
import { literal } from '../../core/sql.ts';
import { buildFacts } from '../../dashboard/facts-build.ts';

/** The names of the facts' own columns and tables: a dataset may have them, too. */
const COLUMNS = ['entity', 'customer', 'segment', 'digest', 'copies', 'day', 'step', 'category', 'entities'];

test.each(COLUMNS)(
  'facts are of a dataset whose columns are named as theirs, with the key %s',
  async (key) => {
    const folder = await mkdtemp(join(tmpdir(), 'facts-'));
    const sql = await openSql(folder);
    try {
      const [profiles, file] = [join(folder, 'profiles.parquet'), join(folder, 'facts.duckdb')];
      const row = (i: number) => COLUMNS.map((name) => `${name === key ? i : 7} AS ${name}`).join(', ');
      const at = "TIMESTAMPTZ '2024-03-01 12:00:00+00' AS time";
      // One event twice, and one of another entity, which has no profile.
      const events = `(${[1, 1, 2].map((i) => `SELECT ${row(i)}, ${at}`).join(' UNION ALL ')})`;
      await sql.run(`COPY (SELECT 1 AS ${key}, 'new' AS kind) TO ${literal(profiles)} (FORMAT parquet)`);
      const names = [
        ...COLUMNS.map((name) => ({ name, type: 'int64' })),
        { name: 'time', type: 'timestamp' },
      ];
      const dataset = {
        name: 'sales',
        columns: names,
        key,
        time: 'time',
        models: [],
        publish: [],
      } as unknown as Dataset;
      const no = {
        type: null,
        funnel: [],
        amount: null,
        amounts: [],
        brand: null,
        session: null,
        currency: null,
      };
      const roles = { ...no, category: 'category', segment: 'kind' };
      await buildFacts(sql, { dataset, roles, events, profiles: [profiles] }, file);
      await sql.run(`ATTACH ${literal(file)} AS facts (READ_ONLY)`);
      const found = await sql.rows(
        'SELECT category, segment, copies, day FROM facts.facts_by_category ORDER BY segment NULLS LAST',
      );
      const category = (i: number) => (key === 'category' ? `${i}` : '7');
      expect(found.map(({ day, ...row }) => [...Object.values(row).map(String), String(day)])).toEqual([
        [category(1), 'new', '2', '2024-03-01'],
        [category(2), 'null', '1', '2024-03-01'],
      ]);
      expect(await sql.rows('SELECT count(DISTINCT entity) AS n FROM facts.facts_by_brand')).toEqual([
        { n: 2n },
      ]);
    } finally {
      await sql.close();
      await rm(folder, { recursive: true });
    }
  },
);
