import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Admin } from '@platformatic/kafka';
import { thousands } from '../cli/output.ts';
import { type BatchForm, produceBatches } from '../test/stack/small-batches.ts';
import { alternate, EVENTLAKE_FLAGS, type Figures, measure, mustBe } from './measure.ts';
import { type BenchOptions, type Group, perSecond } from './report.ts';
import { findStack } from './stack.ts';

const READER = join(import.meta.dirname, 'log-reader.ts');
const PARTITIONS = 6;
/** Brokers take a few thousand batches of one record a second, and fewer transactions. */
const MOST_BATCHES = 1_000_000;
const MOST_TRANSACTIONS = 60_000;

/** Topics of other programs, which may write a record a batch: the reader of the archive against itself. */
export async function smallBatches({ rows, runs }: BenchOptions): Promise<Group> {
  const environment = await findStack();
  const brokers = (environment.KAFKA_BROKERS ?? '').split(',');
  const admin = new Admin({ clientId: 'eventlake-bench', bootstrapBrokers: brokers });
  const topics: string[] = [];

  const subject = async (name: string, form: BatchForm, count: number) => {
    const topic = `eventlake-bench-${randomUUID()}`;
    topics.push(topic);
    await admin.createTopics({ topics: [topic], partitions: PARTITIONS, replicas: 1 });
    const values = Array.from({ length: count }, (_, i) =>
      Buffer.from(
        `{"event_time":"2020-10-01 00:00:00 UTC","event_type":"view","product_id":${i},"price":"12.50"}`,
      ),
    );
    await produceBatches(brokers, { topic, partitions: PARTITIONS }, values, form);
    const run = async () => {
      const measured = await measure([...EVENTLAKE_FLAGS, READER, topic], environment);
      if (form !== 'transaction') mustBe('records read', measured.result.rows, count);
      return measured;
    };
    return { name, rows: count, run };
  };

  try {
    const batches = Math.min(rows, MOST_BATCHES);
    const transactions = Math.min(rows, MOST_TRANSACTIONS);
    const figures = await alternate(
      [
        await subject('1,000 records a batch', 'full', batches),
        await subject('one record a batch', 'one record', batches),
        await subject('1,000 records a batch, fewer', 'full', transactions),
        await subject('one record a batch and transaction, half aborted', 'transaction', transactions),
      ],
      runs,
    );
    const [full, single, fewer, transaction] = figures;
    const pledge = (small: Figures, large: Figures) => {
      const share = perSecond(small) / perSecond(large);
      return {
        promise: `${small.name}: at least half as fast as full batches`,
        measured: `${thousands(Math.round(share * 100))} %`,
        kept: share >= 0.5,
      };
    };
    return {
      title: 'Small batches: topics of other programs',
      text: `A topic of ${PARTITIONS} partitions is read from its beginning to its end, as the archive reads it. Web servers and change capture often send each
record as a batch of its own.`,
      figures,
      pledges: [pledge(single, full), pledge(transaction, fewer)],
    };
  } finally {
    await admin.deleteTopics({ topics });
    await admin.close();
  }
}
