import { join } from 'node:path';
import { thousands } from '../cli/output.ts';
import { dataFile } from './data.ts';
import { alternate, type Measured, measure, measureEventlake, mustBe } from './measure.ts';
import { type BenchOptions, type Group, perSecond, ratio, withVersion } from './report.ts';
import { findStack, onFreshNames } from './stack.ts';

const PEER = join(import.meta.dirname, 'kafkajs-loop.ts');
/** As many as `eventlake ingest` commits together. */
const TRANSACTION_ROWS = 40_000;

/** The file into Kafka, against the loop that one would write without this project. */
export async function ingest({ rows, runs }: BenchOptions): Promise<Group> {
  const stack = await findStack();
  const file = await dataFile(rows);

  const own = () =>
    onFreshNames(stack, async (environment) => {
      const measured = await measureEventlake(['ingest', 'electronics', '--file', file], environment);
      mustBe('events ingested', measured.result.events, rows);
      return measured;
    });
  const loop = (...options: string[]): Promise<Measured> =>
    onFreshNames(stack, async (environment) => {
      const measured = await measure([PEER, file, ...options], environment);
      mustBe('events that the loop sent', measured.result.events, rows);
      return measured;
    });

  const client = `${withVersion('csv-parse')} + ${withVersion('kafkajs')}`;
  const figures = await alternate(
    [
      { name: 'eventlake ingest', rows, run: own },
      { name: client, rows, run: () => loop() },
      { name: `${client}, transactions`, rows, run: () => loop(String(TRANSACTION_ROWS)) },
    ],
    runs,
  );
  const [mine, plain, transactional] = figures;
  return {
    title: 'Ingest: the file into Kafka',
    text: `Into a new topic of four partitions each time, acknowledged by all replicas. The peer is the plain loop: \`for await\` over csv-parse with
\`columns: true\`, \`JSON.stringify\`, \`producer.send\` in batches of 5,000; once as it is, which a crash leaves half done or done twice, and once
in transactions of ${thousands(TRANSACTION_ROWS)} events. \`eventlake ingest\` commits as many in a transaction, together with its ledger.
It is ${ratio(plain, mine).toFixed(1)} times as fast as the plain loop, and ${ratio(transactional, mine).toFixed(1)} times as fast as the one with transactions.`,
    figures,
    pledges: [
      {
        promise: 'at least 100,000 events/s',
        measured: `${thousands(perSecond(mine))} events/s`,
        kept: perSecond(mine) >= 100_000,
      },
    ],
  };
}
