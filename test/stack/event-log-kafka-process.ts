/**
 * A writer or a reader of the Kafka log in a process of its own, to be killed. Arguments: `append` or `read`,
 * the brokers, the topic, and for a reader its group.
 *
 * A writer says `ready`, waits for a line of input, and then says each chunk's number once it is durable. A
 * reader says `given <partition>` when it is asked where to begin in one, and `read <partition> <value>` for
 * each record; a line of input makes it close.
 */
import { once } from 'node:events';
import { writeSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { KafkaEventLog } from '../../adapters/kafka/event-log.ts';
import type { Chunk } from '../../core/contracts.ts';
import { partitionId } from '../../core/contracts.ts';
import { OutgoingRecords } from '../../core/outgoing-records.ts';

export const PARTITIONS = 4;
const EVENTS_PER_CHUNK = 4_000;

/** The chunk that brings the ingestion from `number` to `number + 1` lines. */
export function numberedChunk(number: number): Chunk {
  const events = Array.from({ length: EVENTS_PER_CHUNK }, (_, i) => ({
    partition: i % PARTITIONS,
    key: Buffer.from(`${i}`),
    value: Buffer.from(`${number} ${i} ${'.'.repeat((number + i) % 300)}`),
  }));
  const deadLetters = [{ partition: 0, key: null, value: Buffer.from(`dead ${number}`) }];
  const progress = {
    ingestion: 'killed',
    file: 'a.csv',
    bytes: number,
    sha256: '',
    lines: number + 1,
    rows: EVENTS_PER_CHUNK + 1,
    events: EVENTS_PER_CHUNK,
    deadLetters: 1,
    complete: false,
    updatedAt: '2026-01-02T03:04:05Z',
  };
  return {
    events: OutgoingRecords.of(events),
    deadLetters: OutgoingRecords.of(deadLetters),
    progress,
  };
}

const say = (line: string) => writeSync(1, `${line}\n`);

async function append(log: KafkaEventLog): Promise<never> {
  const writer = await log.writer();
  const first = (await log.ledger())[0]?.lines ?? 0;
  say('ready');
  await once(process.stdin, 'data');
  for (let number = first; ; number++) {
    await writer.append(numberedChunk(number));
    say(`${number}`);
  }
}

async function read(log: KafkaEventLog, group: string): Promise<void> {
  const reader = await log.reader({
    group,
    position: async (partition) => {
      say(`given ${partitionId(partition)}`);
      return null;
    },
  });
  let stopped = false;
  process.stdin.once('data', () => {
    stopped = true;
  });
  while (!stopped) {
    const batch = await reader.poll(200);
    for (const value of batch?.values ?? []) say(`read ${batch && partitionId(batch)} ${value}`);
  }
  await reader.close();
  await log.close();
  process.exit();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [, , what, brokers = '', topic = '', group = ''] = process.argv;
  const log = new KafkaEventLog({ brokers: brokers.split(','), topic, partitions: PARTITIONS });
  await log.open();
  await (what === 'append' ? append(log) : read(log, group));
}
