import { readdir } from 'node:fs/promises';
import { describeEngine } from '../conformance/engine.ts';
import { Workplace } from '../processing/fixtures.ts';

describeEngine('DuckDB', async () => {
  const place = await Workplace.create();
  return {
    engine: place.engine,
    store: place.store,
    async rows(files, table, order) {
      const paths = files.map((file) =>
        'localPath' in file ? file.localPath : (place.store.pathOf(`${table}/${file.path}`) ?? ''),
      );
      if (paths.length === 0) return [];
      return place.sql.rows(`SELECT * FROM ${place.sql.parquet(paths)} ORDER BY ${order}`);
    },
    async leftovers() {
      return (await readdir(place.temporary)).filter((name) => !name.startsWith('duckdb-'));
    },
    close: () => place.remove(),
  };
});
