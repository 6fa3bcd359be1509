import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../../generator/random.ts';
import { drip } from '../../dashboard/slow-clients.ts';
import type { RepeatedFault } from '../fault.ts';
import { type Answer, attack, QUERY_MS, requireAlive, STUCK_MS } from '../page.ts';
import { one } from './source.ts';

const STREAMS = 100;

const codeOf = ({ status, body }: Answer) => `${status} ${/"code":"([\w:]+)"/.exec(body)?.[1]}`;

/** A query with more rows than anybody reads. Longer ones would not fit into its memory. */
function endless(random: Random): string {
  return `SELECT repeat('${one(random, ['x', '€', '"'])}', ${500 + random.below(3_000)}) FROM range(1000000000)`;
}

/** Faults of those who ask the page. */
export const PAGE_FAULTS: readonly RepeatedFault[] = [
  attack(
    'stalled-downloads',
    'two CSV downloads are read up to a random byte, and then no further',
    'other queries get `sql:busy` until their time is over; they are cut off, and their places are free',
    async ({ ask, stall }, random) => {
      const stalled = await Promise.all(
        [1, 2].map(() => stall('/api/sql/csv', { sql: endless(random) }, random.below(2_000_000))),
      );
      const other = codeOf(await ask('/api/sql', { sql: 'SELECT 1' }));
      for (const socket of stalled) {
        if (socket === null) continue;
        socket.resume();
        if (!socket.closed) await once(socket, 'close');
      }
      return other === '503 sql:busy' && !stalled.includes(null) ? 1 : 0;
    },
  ),
  attack('large-page', "a query's page of 17 to 300 MB", '`sql:too_large`', async ({ ask }, random) => {
    const rows = 1 + random.below(1_000);
    const bytes = (17 + random.below(283)) * 1_000_000;
    const [character, width] = one(random, [
      ['x', 1],
      ['€', 3],
    ] as const);
    const sql = `SELECT repeat('${character}', ${Math.ceil(bytes / rows / width)}) FROM range(${rows})`;
    const answer = await ask('/api/sql', { sql, limit: 1_000 });
    const code = codeOf(answer);
    if (code === '422 sql:too_large') return 1;
    // The largest do not fit into the memory or the time of a query.
    if (code === '422 sql:memory' || code === '422 sql:timeout') return 0;
    throw new Error(`${sql} gets ${code}`);
  }),
  attack(
    'query-kill',
    'kill -9 of the process of a query, at a random moment',
    '`sql:memory`, or a download that is cut off',
    async ({ ask }, random) => {
      const sql = one(random, [
        endless(random),
        'SELECT count(*) FROM range(1000000000) a, range(1000000000) b WHERE a.range < b.range',
      ]);
      const path = one(random, ['/api/sql', '/api/sql/csv']);
      const asked = ask(path, { sql, ...(path === '/api/sql' ? { limit: 1_000 } : {}) });
      let pid = sandboxProcess();
      for (const began = performance.now(); !pid && performance.now() - began < QUERY_MS; ) {
        await sleep(5);
        pid = sandboxProcess();
      }
      await sleep(random.below(1_000));
      const isHit = pid !== undefined && isKilled(pid);
      const answer = await asked;
      const isCutOff = answer.status === 200 && !answer.isWhole;
      if (isCutOff || ['422 sql:memory', '422 sql:timeout'].includes(codeOf(answer))) return isHit ? 1 : 0;
      // It was over before.
      if (!isHit || codeOf(answer) === '422 sql:too_large') return 0;
      throw new Error(`${sql} at ${path} gets ${codeOf(answer)}`);
    },
  ),
  attack(
    'dripped-requests',
    '20 requests stop at a random byte and continue with a byte every 50 ms',
    'each is answered with 4xx, and its connection is closed',
    async (page, random) => {
      const body = JSON.stringify({ sql: `SELECT '${'x'.repeat(1_000)}'` });
      const whole = `POST /api/sql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
      const dripped = Array.from({ length: 20 }, () =>
        drip(page.port, whole.slice(0, 1 + random.below(whole.length - 200))),
      );
      await requireAlive(page);
      const answers = await Promise.all(dripped);
      const wrong = answers.find((answer) => !/^HTTP\/1.1 4\d\d /.test(answer));
      if (wrong !== undefined) throw new Error(`a dripped request gets ${wrong}`);
      return answers.filter((answer) => answer.startsWith('HTTP/1.1 408 ')).length;
    },
  ),
  attack(
    'many-streams',
    'up to 60 more event streams than the page opens; a random number of them ends',
    '`dashboard:too_many_streams`; those that end make room for as many',
    async ({ port }, random) => {
      const listen = async () => {
        const stop = new AbortController();
        const address = `http://127.0.0.1:${port}/api/pipeline/stream`;
        // The collector of garbage ends a stream whose answer is forgotten.
        return { answer: await fetch(address, { signal: stop.signal }), stop };
      };
      const listened = await Promise.all(Array.from({ length: STREAMS + 1 + random.below(60) }, listen));
      const open = listened.filter(({ answer }) => answer.status === 200);
      if (open.length !== STREAMS) throw new Error(`${open.length} streams are open`);
      const ended = 1 + random.below(STREAMS);
      for (const { stop } of open.splice(0, ended)) stop.abort();
      for (const began = performance.now(); open.length < STREAMS; ) {
        const more = await listen();
        if (more.answer.status === 200) open.push(more);
        else if (performance.now() - began > STUCK_MS) throw new Error(`${open.length} streams are open`);
        else await sleep(20);
      }
      if ((await listen()).answer.status !== 503) throw new Error('more streams are open than before');
      for (const { stop } of open) stop.abort();
      return listened.length - STREAMS;
    },
  ),
];

/** The process of a query that runs now. */
function sandboxProcess(): number | undefined {
  const options = ['--ppid', `${process.pid}`, '-o', 'pid=,args='];
  const processes = execFileSync('ps', options, { encoding: 'utf8' }).split('\n');
  const line = processes.find((process) => process.includes('sql-sandbox-process'));
  return line === undefined ? undefined : Number.parseInt(line, 10);
}

function isKilled(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    return false;
  }
}
