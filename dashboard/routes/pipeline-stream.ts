import { z } from 'zod';
import { EventlakeError } from '../../core/errors.ts';
import type { App } from '../app.ts';
import type { DashboardContext } from '../context.ts';
import { problemOf } from '../problems.ts';
import { answers } from './answers.ts';

/** A comment line keeps proxies from closing a connection on which nothing happens. */
const HEARTBEAT_MS = 15_000;
/** A reader that is this far behind is dropped; its browser connects again. */
const BEHIND_BYTES = 1_000_000;

/** Streams at one time. */
const STREAMS = 100;

/**
 * Server-sent events: `pipeline` with the document of /api/pipeline, at once and whenever it changes;
 * `overview` with the versions of the tables when the overview's numbers have changed; `problem` with an
 * error document.
 */
export function pipelineStreamRoute(app: App, { watcher, facts }: DashboardContext): void {
  const schema = {
    summary: 'Server-sent events: where the four stages stand, whenever it changes',
    response: {
      ...answers(z.string()),
      200: { description: 'Server-sent events', content: { 'text/event-stream': { schema: z.string() } } },
    },
  };
  let open = 0;
  app.get('/api/pipeline/stream', { schema }, (request, reply) => {
    if (open >= STREAMS) {
      throw new EventlakeError('dashboard:too_many_streams', `${STREAMS} pages listen already`, {
        hint: 'Close pages that nobody looks at; this one tries again by itself.',
        retriable: true,
      });
    }
    open += 1;
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, {
      ...(reply.getHeaders() as Record<string, string>),
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    const send = (text: string) => {
      if (raw.writableLength > BEHIND_BYTES) raw.destroy();
      else raw.write(text);
    };
    const event = (name: string, data: unknown) => send(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
    send(': connected\n\n');
    const heartbeat = setInterval(send, HEARTBEAT_MS, ': still here\n\n');
    const endings = [
      () => {
        open -= 1;
      },
      () => clearInterval(heartbeat),
      facts.onChange((versions) => event('overview', { versions })),
      watcher.watch({
        state: (state) => {
          event('pipeline', state);
          // What fails here fails again, and is told, where the overview is asked for.
          facts.refresh().catch(() => {});
        },
        problem: (error) => {
          const { code, message, hint } = problemOf(error as Error, request);
          event('problem', { error: { code, message, hint } });
        },
      }),
    ];
    raw.on('close', () => {
      for (const end of endings) end();
    });
  });
}
