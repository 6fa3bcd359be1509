import { Admin, Producer } from '@platformatic/kafka';
import type { Random } from '../../../generator/random.ts';
import { askOracle, type Produced } from '../../oracle/compare.ts';
import { eventlake, json, realServers } from '../../stack/end-to-end-environment.ts';
import { PARTITIONS } from '../electronics.ts';
import type { RepeatedFault } from '../fault.ts';
import { another, generate, one, type Source } from './source.ts';

const MB = 1024 * 1024;
/** Snappy packs zeros to a twentieth: a broker takes less in a batch by default. */
const MAX_PACKED = 16 * MB;
const TOPIC = 2;
const SET = 0;

/** Lets the topic take the larger batches. */
async function allowLargeBatches(brokers: string[], topic: string): Promise<void> {
  const admin = new Admin({ clientId: 'bomb', bootstrapBrokers: brokers });
  try {
    const configs = [{ name: 'max.message.bytes', configOperation: SET, value: `${MAX_PACKED}` } as const];
    await admin.incrementalAlterConfigs({
      resources: [{ resourceType: TOPIC, resourceName: topic, configs }],
    });
  } finally {
    await admin.close();
  }
}

/** Produces records that unpack to more than a reader takes, in a batch of their own. */
async function produceBomb(
  brokers: string[],
  topic: string,
  partition: number,
  random: Random,
): Promise<void> {
  const client = { clientId: 'bomb', bootstrapBrokers: brokers };
  const producer = new Producer<Buffer, Buffer, Buffer, Buffer>(client);
  const records = 1 + random.below(4);
  const value = Buffer.alloc(((130 + random.below(70)) * MB) / records, random.below(2));
  const message = { topic, partition, key: Buffer.from('k'), value };
  const compression = one(random, ['zstd', 'gzip', 'snappy', 'lz4'] as const);
  await producer.send({ messages: Array.from({ length: records }, () => message), compression });
  await producer.close();
}

export const COMPRESSED_BOMB: RepeatedFault = {
  name: 'compressed-bomb',
  how: 'a batch in zstd, gzip, snappy or lz4 that unpacks to 130 to 200 MB, among the events of files',
  outcome: '`log:corrupt` names topic, partition and offset; with `--skip`, it is one rejected row; exact',
  async openHarmed({ random }) {
    const environment = await realServers();
    const { brokers, topic } = environment.kafka ?? { brokers: [], topic: '' };
    const source = await generate(environment, 'a.csv', random);
    await json(environment, ['setup']);
    await allowLargeBatches(brokers, topic);
    const ingested: Source[] = [];
    const produced: Produced[] = [];
    return {
      async inject() {
        const partition = random.below(PARTITIONS);
        await produceBomb(brokers, topic, partition, random);
        produced.push({ partition, value: null, expected: 'batch:unreadable', after: ingested.length });
        const file = await another(environment, source, ingested.length);
        await json(environment, ['ingest', '--file', file.name]);
        ingested.push(file);
        const job = one(random, ['process', 'audit']);
        const { code, stderr } = await eventlake(environment, [job]);
        const [, skip = ''] = /eventlake process --skip (\S+)/.exec(stderr) ?? [];
        const isNamed = stderr.includes(`Topic ${topic}, partition ${partition}: `) && skip !== '';
        if (code !== 1 || !stderr.includes('[log:corrupt]') || !isNamed)
          throw new Error(`${job} ended with ${code}: ${stderr}`);
        await json(environment, ['process', '--skip', skip]);
        return 1;
      },
      async checkExact() {
        await json(environment, ['audit']);
        const { lake, index } = environment;
        const request = { ingestions: ingested, produced, partitions: PARTITIONS, lake, index };
        const { count, differences } = await askOracle(request);
        if (count > 0) throw new Error(`the oracle differs: ${differences.slice(0, 5).join('; ')}`);
      },
      close: () => environment.remove(),
    };
  },
};
