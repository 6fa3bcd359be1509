import { UsageError } from '../../core/errors.ts';
import { liveSeriesAnswer } from '../api.ts';
import type { App } from '../app.ts';
import type { DashboardContext } from '../context.ts';
import { liveOf } from '../live/live-of.ts';
import { liveSeriesQuery } from '../requests.ts';
import { answers } from './answers.ts';
import { unchanged, unlessSame } from './unless-same.ts';

/** What the charts of the view Live show. */
export function liveSeriesRoute(app: App, context: DashboardContext): void {
  const schema = {
    summary: 'Readings by group over a window that ends with the newest one',
    querystring: liveSeriesQuery,
    response: { ...answers(liveSeriesAnswer), ...unchanged },
  };
  app.get('/api/live/series', { schema }, async (request, reply) => {
    const { readings, live } = liveOf(context);
    const { window, rows } = request.query;
    const by = known('by', request.query.by, live.by);
    const value = known('value', request.query.value, live.values);
    await readings.look();
    const { newest } = readings.windows;
    const { perSecond, lagRows, lagSeconds } = readings.arrival;
    return unlessSame(request, reply, {
      ...readings.windows.series(window, by, value),
      newest: newest === null ? null : new Date(newest).toISOString(),
      perSecond: perSecond === null ? null : Math.round(10 * perSecond) / 10,
      lag: { rows: lagRows, seconds: lagSeconds },
      rows: readings.newest(rows).rows,
    });
  });
}

function known(parameter: string, given: string | undefined, columns: readonly string[]): string {
  const [first = ''] = columns;
  if (given === undefined) return first;
  if (columns.includes(given)) return given;
  throw new UsageError('request:unknown_column', `${parameter}: ${given} is none of ${columns.join(', ')}`);
}
