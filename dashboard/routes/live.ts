import { liveAnswer } from '../api.ts';
import type { App } from '../app.ts';
import type { DashboardContext } from '../context.ts';
import { cursorText, parseCursor } from '../live/cursor.ts';
import { liveOf } from '../live/live-of.ts';
import { liveQuery } from '../requests.ts';
import { answers } from './answers.ts';
import { unchanged, unlessSame } from './unless-same.ts';

/** The rows of the CSV export, as they come. */
export function liveRoute(app: App, context: DashboardContext): void {
  const schema = {
    summary: 'Rows of the CSV export, in the order of the file',
    querystring: liveQuery,
    response: { ...answers(liveAnswer), ...unchanged },
  };
  app.get('/api/live', { schema }, async (request, reply) => {
    const { readings } = liveOf(context);
    const { after, limit } = request.query;
    if (after === undefined) await readings.look();
    const cursor = after === undefined || after === 'start' ? null : parseCursor(after);
    const page = after === undefined ? readings.newest(limit) : await readings.after(cursor, limit);
    const next = page.next && cursorText(page.next);
    return unlessSame(request, reply, { ...page, next });
  });
}
