import { filesAnswer } from '../api.ts';
import type { App } from '../app.ts';
import type { DashboardContext } from '../context.ts';
import { dataFiles } from '../lake-query.ts';
import { filesQuery, tableParameters } from '../requests.ts';
import { answers } from './answers.ts';

/** A table's data files. */
export function lakeFilesRoute(app: App, { view }: DashboardContext): void {
  const schema = {
    summary: "A table's data files, newest first",
    params: tableParameters,
    querystring: filesQuery,
    response: answers(filesAnswer),
  };
  app.get('/api/lake/:table/files', { schema }, ({ params, query }) => dataFiles(view, params.table, query));
}
