import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { thousands } from '../cli/output.ts';
import { locate, POSTGRES } from '../test/servers/test-servers.ts';
import { alternate, bareEnvironment, measureEventlake, mustBe } from './measure.ts';
import { type BenchOptions, type Group, PROMISED_ROWS } from './report.ts';
import { ask, drop, fresh, lakeOf, publish, urlOn } from './warehouse-place.ts';

/** With 1 % of messages that come again, these are a little more than two million facts. */
const MESSAGES = 2_050_000;
const NEW = 10_000;

/** New messages on many facts: archived, computed and published. */
export async function increment({ rows, runs }: BenchOptions): Promise<Group> {
  const server = (await locate(POSTGRES)).address;
  const url = urlOn(server);
  const messages = rows === PROMISED_ROWS ? MESSAGES : rows;
  const home = await lakeOf(messages);
  const environment = { ...bareEnvironment(), EVENTLAKE_HOME: home, WAREHOUSE_URL: url };
  const added = join(home, 'added');
  await mkdir(added, { recursive: true });

  const first = async () => {
    await fresh(server);
    return publish(environment, 'batch');
  };
  const more = async () => {
    // The lake keeps what was added before: other messages each time.
    const n = (await readdir(added)).length;
    const file = join(added, `${n}.ndjson`);
    const size = ['--rows', String(NEW), '--seed', String(2 + n), '--out', file];
    await measureEventlake(['generate', 'product_views', ...size], environment);
    await measureEventlake(['ingest', 'product_views', '--file', file], environment);
    const measured = await publish(environment, 'batch');
    mustBe('events archived', measured.result.archive.events, NEW);
    return measured;
  };
  const again = async () => {
    const measured = await publish(environment, 'batch');
    mustBe('outcome of a run with nothing new', measured.result.publish.outcome, 'up_to_date');
    return measured;
  };

  try {
    const [load] = await alternate(
      [{ name: 'eventlake process, first load', rows: messages, run: first }],
      1,
    );
    const [count] = await ask(url, 'SELECT count(*) AS n FROM fact_sales');
    const [next, nothing] = await alternate(
      [
        { name: `eventlake process, ${thousands(NEW)} new messages`, rows: NEW, run: more },
        { name: 'eventlake process, nothing new', rows: null, run: again },
      ],
      runs,
    );
    return {
      title: 'Warehouse: new messages',
      text: `A database with ${thousands(Number(count?.n))} facts, filled once from a lake that is up to date (first load). Then ${thousands(NEW)} new messages are in the log each time;
\`eventlake process product_views\` archives them, computes the models of what they touch, and publishes what differs.`,
      figures: [next, nothing, load],
      pledges: [
        {
          promise: `${thousands(NEW)} new messages on ${thousands(Number(count?.n))} facts in less than 5 s`,
          measured: `${next.seconds.toFixed(2)} s`,
          kept: next.seconds < 5,
        },
        {
          promise: 'a run with nothing new in less than 1.5 s',
          measured: `${nothing.seconds.toFixed(2)} s`,
          kept: nothing.seconds < 1.5,
        },
      ],
    };
  } finally {
    await drop(server);
  }
}
