import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { KafkaEventLog } from '../../adapters/kafka/event-log.ts';
import { chunkOf, drain, record, valuesOf } from '../conformance/event-log-records.ts';
import { startKafka } from '../servers/kafka.ts';
import { type Server, stopServer } from '../servers/server.ts';

const TOPIC = 'damaged';
const TIMEOUT_MS = 120_000;

/** A broker of the test's own, whose files it may damage. */
let folder: string;
let broker: Server;
let log: KafkaEventLog;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'damaged-batch-'));
  broker = await startKafka(folder);
  log = new KafkaEventLog({ brokers: [`127.0.0.1:${broker.port}`], topic: TOPIC, partitions: 1 });
}, TIMEOUT_MS);
afterAll(async () => {
  await log.close();
  await stopServer(broker, 5);
  await rm(folder, { recursive: true, force: true });
}, TIMEOUT_MS);

test(
  'a bit that flips on the disk of the broker is an error at its turn, and its batch can be skipped',
  async () => {
    await log.open();
    const writer = await log.writer();
    // Each chunk is a batch, and then the mark of its transaction: the batches begin at the offsets 0, 3 and
    // 6.
    for (const name of ['first', 'second', 'third'])
      await writer.append(chunkOf([record(0, `${name} a`), record(0, `${name} b`)]));
    await writer.close();

    const partition = join(folder, 'data', `${TOPIC}-0`);
    const [segment = ''] = (await readdir(partition)).filter((name) => name.endsWith('.log'));
    const path = join(partition, segment);
    const bytes = await readFile(path);
    // The second batch follows the first and its mark; the last byte of a batch is one of its records.
    const end = (start: number) => start + 12 + bytes.readInt32BE(start + 8);
    const second = end(end(0));
    expect(bytes.readBigInt64BE(second)).toBe(3n);
    const last = end(second) - 1;
    bytes[last] = (bytes[last] ?? 0) ^ 1;
    await writeFile(path, bytes);

    const read: string[] = [];
    const reader = await log.reader({ position: async () => null });
    const readOn = async () => {
      while (read.length < 6) read.push(...Array.from((await reader.poll(1000))?.values ?? [], String));
    };
    await expect(readOn()).rejects.toMatchObject({
      code: 'log:corrupt',
      message: expect.stringMatching(/^Topic damaged, partition 0: .* offset 3 is damaged: its checksum/),
      hint: expect.stringMatching(/process --skip events\/0@3$/),
    });
    expect(read).toEqual(['first a', 'first b']);
    await reader.close();

    const skipped = await drain(log, async () => null, undefined, ['events/0@3']);
    const stands = expect.stringMatching(/^2 record\(s\) at offsets 3 to 4: Topic damaged, partition 0: /);
    const expected = ['first a', 'first b', stands, 'third a', 'third b'];
    expect(valuesOf(skipped, 'events/0').map(String)).toEqual(expected);
    expect(skipped.get('events/0')?.offsets).toEqual([0n, 1n, 3n, 6n, 7n]);
  },
  TIMEOUT_MS,
);
