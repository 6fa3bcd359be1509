import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setLogLevel } from '../../cli/output.ts';
import { runWholeJob } from '../../cli/run.ts';
import type { Access } from '../../cli/scratch.ts';
import { type Dashboard, openDashboard } from '../../cli/serve-dashboard.ts';
import { openSession, type Session } from '../../cli/session.ts';
import type { Dataset } from '../../core/dataset.ts';

const HEADER =
  'event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session\n';

/** One line of a file: what the panels show, the rest made up. */
export interface Line {
  readonly time: string;
  readonly type: 'view' | 'cart' | 'remove_from_cart' | 'purchase';
  readonly user: string;
  readonly price?: string;
  readonly category?: string;
  readonly brand?: string;
  readonly session?: string;
}

/** The text of a file with these lines. */
export function fileOf(lines: readonly Line[], more = ''): string {
  const rows = lines.map(
    ({ time, type, user, price = '10.00', category = '', brand = '', session = '' }) =>
      `${time} UTC,${type},7,2144415922528452715,${category},${brand},${price},${user},${session}\n`,
  );
  return `${HEADER}${rows.join('')}${more}`;
}

/** An answer: JSON parsed, other text as it is. */
export interface Answer<T> {
  readonly status: number;
  readonly body: T;
  readonly headers: Readonly<Record<string, unknown>>;
}

type Change = (dataset: Dataset) => Dataset;

/** A dashboard over an embedded home of its own. */
export class Shown {
  readonly home: string;
  readonly session: Session;
  readonly dashboard: Dashboard;
  readonly #change: Change;

  private constructor(home: string, session: Session, dashboard: Dashboard, change: Change) {
    this.home = home;
    this.session = session;
    this.dashboard = dashboard;
    this.#change = change;
  }

  /**
   * `page` is the folder of the built page; there is none without it. `change` makes another dataset of
   * electronics.
   */
  static async open({
    change = (dataset) => dataset,
    ...options
  }: {
    page?: string;
    milliseconds?: number;
    requestMs?: number;
    token?: string;
    change?: Change;
  } = {}): Promise<Shown> {
    const home = await mkdtemp(join(tmpdir(), 'dashboard-'));
    const session = await sessionIn(home, 'look', change);
    return new Shown(
      home,
      session,
      await openDashboard(session, '127.0.0.1', { page: join(home, 'none'), ...options }),
      change,
    );
  }

  /** Takes the file through the whole pipeline. */
  async run(text: string | Buffer, name = 'events.csv'): Promise<void> {
    const file = join(this.home, name);
    await writeFile(file, text);
    // As another process would: with nothing that this one has read before.
    const session = await sessionIn(this.home, 'write', this.#change);
    try {
      await runWholeJob(session, { file: [file], complete: true, batchSize: 1000 }, new AbortController());
    } finally {
      await session.close();
    }
  }

  /** The answer to a request; `body` is posted. */
  async ask<T = unknown>(url: string, body?: object): Promise<Answer<T>> {
    const { server } = this.dashboard;
    const answer = await (body === undefined
      ? server.inject({ url })
      : server.inject({ url, method: 'POST', payload: body }));
    const type = String(answer.headers['content-type']);
    return {
      status: answer.statusCode,
      body: (type.startsWith('application/json') ? answer.json() : answer.body) as T,
      headers: answer.headers,
    };
  }

  async close(): Promise<void> {
    await this.dashboard.close();
    await this.session.close();
    await rm(this.home, { recursive: true, force: true });
  }
}

async function sessionIn(home: string, access: Access, change: Change): Promise<Session> {
  process.env.EVENTLAKE_HOME = join(home, 'home');
  const session = await openSession('electronics', { embedded: true }, access);
  setLogLevel('silent');
  const dataset = change(session.dataset);
  return { ...session, dataset, profiles: dataset.models.length > 0 ? session.profiles : null };
}

/**
 * Eight events of three customers, one of them twice, and two lines that are rejected. See the tests for what
 * is in them.
 */
export const SMALL = fileOf(
  [
    {
      time: '2020-10-30 23:59:59',
      type: 'view',
      user: '1',
      price: '5.00',
      category: 'a',
      brand: 'x',
      session: 's1',
    },
    {
      time: '2020-10-31 00:00:00',
      type: 'cart',
      user: '1',
      price: '5.00',
      category: 'a',
      brand: 'x',
      session: 's1',
    },
    {
      time: '2020-10-31 00:00:01',
      type: 'purchase',
      user: '1',
      price: '12.34',
      category: 'a',
      brand: 'x',
      session: 's1',
    },
    {
      time: '2020-10-31 00:00:01',
      type: 'purchase',
      user: '1',
      price: '12.34',
      category: 'a',
      brand: 'x',
      session: 's1',
    },
    { time: '2020-11-02 10:00:00', type: 'view', user: '1515915625519388267', category: 'b', session: 's2' },
    {
      time: '2020-11-02 11:00:00',
      type: 'view',
      user: '1515915625519388267',
      category: 'a',
      brand: 'y',
      session: 's3',
    },
    { time: '2020-11-02 12:00:00', type: 'remove_from_cart', user: '3', brand: 'x' },
    { time: '2020-11-02 13:00:00', type: 'purchase', user: '3', price: '100.00', category: 'b', brand: 'x' },
  ],
  '2020-11-02 14:00:00 UTC,view,7,2144415922528452715,,,free,3,\noops\n',
);
