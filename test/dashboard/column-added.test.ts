import { expect, test } from '@jest/globals';
import type { Column } from '../../core/dataset.ts';
import { Shown, SMALL } from './fixtures.ts';

const PAGES = ['/api/audit', '/api/overview', '/api/entities', '/api/entities/1', '/api/lake'];

test('the page shows the events before and after the commit that adds a column', async () => {
  const added: Column[] = [];
  const shown = await Shown.open({
    // The contract changes while the page is served.
    change: (dataset) => ({
      ...dataset,
      get columns() {
        return [...dataset.columns, ...added];
      },
    }),
  });
  try {
    await shown.run(SMALL);
    const answers = async () => {
      const { body } = await shown.ask<{ rows: unknown[] }>('/api/sql', {
        sql: 'SELECT count(*) AS n, count(colour) AS colours FROM events',
      });
      return [await Promise.all(PAGES.map(async (url) => (await shown.ask(url)).status)), body.rows];
    };
    const [fine] = await answers();
    expect(fine).toEqual(PAGES.map(() => 200));
    added.push({ name: 'colour', type: 'string', required: false });
    expect((await answers())[0]).toEqual(fine);
    const [header = '', ...rows] = SMALL.trimEnd().split('\n');
    await shown.run(`${header},colour\n${rows[0]},red\n`, 'more.csv');
    const [after, counts] = await answers();
    expect(after).toEqual(fine);
    expect(counts).toEqual([[expect.anything(), '1']]);
  } finally {
    await shown.close();
  }
});
