import { Readable } from 'node:stream';
import { z } from 'zod';
import type { App } from '../app.ts';
import type { DashboardContext } from '../context.ts';
import { csvBody } from '../requests.ts';
import { TypedQueries } from '../typed-query.ts';
import { answers, CSV } from './answers.ts';

/**
 * A query's whole result as CSV. A fault after the first row, and the end of the query's time, end the
 * connection early, so that half a file is not taken for all.
 */
export function sqlCsvRoute(app: App, { dataset, view, sandbox }: DashboardContext): void {
  const queries = new TypedQueries(dataset, view, sandbox);
  const schema = {
    summary: 'Run one SELECT, for its whole result as CSV',
    body: csvBody,
    response: { ...answers(z.any()), 200: CSV },
  };
  app.post('/api/sql/csv', { schema }, async ({ body }, reply) => {
    const { lines, deadline } = await queries.csv(body.sql);
    // Also an answer that its reader leaves unread would hold memory.
    deadline.addEventListener('abort', () => {
      if (!reply.raw.writableFinished) reply.raw.destroy();
    });
    return reply
      .type('text/csv; charset=utf-8')
      .header('content-disposition', `attachment; filename="${dataset.name}.csv"`)
      .send(Readable.from(lines));
  });
}
