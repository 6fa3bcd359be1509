import { readdir } from 'node:fs/promises';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../generator/random.ts';
import { Shown, SMALL } from '../dashboard/fixtures.ts';
import type { RepeatedFault } from './fault.ts';

/** How long a typed query may take, as in the dashboard. */
export const QUERY_MS = 15_000;
/** How long a request may take to arrive. */
const REQUEST_MS = 1_000;
/** A page that does not answer for so long is stuck. */
export const STUCK_MS = 120_000;
const JSON_TYPE = { 'content-type': 'application/json' };

/** What was answered, as far as it came. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  /** False when the connection ended before the whole body. */
  readonly isWhole: boolean;
}

/** A page of its own, reached through connections. */
export interface Page {
  readonly port: number;
  readonly shown: Shown;
  /** Each request has a connection of its own. */
  ask(path: string, body?: object): Promise<Answer>;
  /** Posts, reads so many bytes of the answer, and then nothing more; null when it ends before. */
  stall(path: string, body: object, bytes: number): Promise<Socket | null>;
}

/** What a fault does to a page. Answers how often it has fired. */
type Attack = (page: Page, random: Random) => Promise<number>;

/**
 * Opens a page, and attacks it again and again. After each attack its health is asked at once, and a query
 * must get its answer; at the end the audit must balance.
 */
export function attack(name: string, how: string, outcome: string, play: Attack): RepeatedFault {
  return {
    name,
    how,
    outcome,
    async openHarmed({ random }) {
      const shown = await Shown.open({ milliseconds: QUERY_MS, requestMs: REQUEST_MS });
      await shown.run(SMALL);
      const address = await shown.dashboard.server.listen({ host: '127.0.0.1', port: 0 });
      const page = pageAt(shown, Number(new URL(address).port));
      return {
        async inject() {
          const fired = await play(page, random);
          await requireAlive(page);
          return fired;
        },
        async checkExact() {
          const { status, body } = await page.ask('/api/audit');
          if (!body.includes('"balanced":true')) throw new Error(`audit: ${status} ${body}`);
        },
        close: () => shown.close(),
      };
    },
  };
}

function pageAt(shown: Shown, port: number): Page {
  return {
    port,
    shown,
    ask: (path, body) =>
      new Promise((resolve, reject) => {
        const asked = request(
          { port, path, agent: false, method: body ? 'POST' : 'GET', headers: JSON_TYPE },
          (answer) => {
            const status = answer.statusCode ?? 0;
            text(answer).then(
              (whole) => resolve({ status, body: whole, isWhole: true }),
              () => resolve({ status, body: '', isWhole: false }),
            );
          },
        );
        asked.setTimeout(STUCK_MS, () => asked.destroy(new Error(`${path} is stuck`)));
        asked.on('error', reject);
        asked.end(body && JSON.stringify(body));
      }),
    stall: (path, body, bytes) =>
      new Promise((resolve, reject) => {
        const socket = connect(port, '127.0.0.1');
        const content = JSON.stringify(body);
        socket.write(
          `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: ${Buffer.byteLength(content)}\r\n\r\n${content}`,
        );
        let read = 0;
        const count = (data: Buffer) => {
          read += data.length;
          if (read < bytes) return;
          socket.off('data', count).pause();
          resolve(socket);
        };
        socket.on('error', reject).on('data', count);
        socket.on('close', () => resolve(null));
      }),
  };
}

/** Requires that the page answers as ever, and that no query has left anything behind. */
export async function requireAlive({ ask, shown }: Page): Promise<void> {
  const health = await ask('/healthz');
  if (health.body !== 'ok\n') throw new Error(`/healthz says ${health.status} ${health.body}`);
  const began = performance.now();
  for (;;) {
    const { status, body } = await ask('/api/sql', { sql: 'SELECT count(*) AS n FROM events' });
    if (status === 200 && body.includes('"rows":[["8"]]')) break;
    // A busy machine may need more time than a query has.
    const mayPass = status === 503 || body.includes('sql:timeout');
    if (!mayPass || performance.now() - began > STUCK_MS) throw new Error(`a query gets ${status} ${body}`);
    await sleep(100);
  }
  for (;;) {
    const left = (await readdir(shown.session.temporary)).filter((name) => name.startsWith('sandbox-'));
    if (left.length === 0) return;
    if (performance.now() - began > STUCK_MS) throw new Error(`queries have left ${left}`);
    await sleep(50);
  }
}
