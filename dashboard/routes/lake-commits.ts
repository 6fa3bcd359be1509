import { commitsAnswer } from '../api.ts';
import type { App } from '../app.ts';
import type { DashboardContext } from '../context.ts';
import { commits } from '../lake-query.ts';
import { commitsQuery, tableParameters } from '../requests.ts';
import { answers } from './answers.ts';

/** A table's history. */
export function lakeCommitsRoute(app: App, { view }: DashboardContext): void {
  const schema = {
    summary: "A table's commits, newest first",
    params: tableParameters,
    querystring: commitsQuery,
    response: answers(commitsAnswer),
  };
  app.get('/api/lake/:table/commits', { schema }, ({ params, query }) =>
    commits(view, params.table, query.limit),
  );
}
