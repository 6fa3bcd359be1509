import { Readable } from 'node:stream';
import { z } from 'zod';
import type { App } from '../app.ts';
import type { DashboardContext } from '../context.ts';
import { csvLines } from '../csv.ts';
import { reportParameters, reportQuery } from '../requests.ts';
import { answers, CSV } from './answers.ts';

/** One report of a day, as a file. */
export function reportCsvRoute(app: App, { reports }: DashboardContext): void {
  const schema = {
    summary: 'One report of a day as CSV',
    params: reportParameters,
    querystring: reportQuery,
    response: { ...answers(z.any()), 200: CSV },
  };
  app.get('/api/reports/:report/csv', { schema }, async ({ params, query }, reply) => {
    const { report, date, columns, rows } = await reports.run(params.report, query.date ?? null);
    const cells = rows.map((row) => columns.map((column) => row[column] ?? null));
    const lines = csvLines({
      columns: columns.map((name) => ({ name, type: '' })),
      rows: (async function* () {
        yield cells;
      })(),
    });
    return reply
      .type('text/csv; charset=utf-8')
      .header('content-disposition', `attachment; filename="${report}-${date}.csv"`)
      .send(Readable.from(lines));
  });
}
