/** `log-reader.ts <topic>`: a topic from its beginning to its end as the archive reads it, counted. */
import { KafkaEventLog } from '../adapters/kafka/event-log.ts';

const topic = process.argv[2] ?? '';
const brokers = (process.env.KAFKA_BROKERS ?? '').split(',');
const log = new KafkaEventLog({ brokers, topic, partitions: 1, readOnly: true });
const ends = new Map((await log.ranges()).map(({ partition, end }) => [partition, end]));
const reader = await log.reader({ position: async () => null });
let rows = 0;
while (ends.size > 0) {
  const batch = await reader.poll(1_000);
  if (!batch) continue;
  rows += batch.offsets.length;
  if (batch.next >= (ends.get(batch.partition) ?? 0n)) ends.delete(batch.partition);
}
await reader.close();
await log.close();
console.log(JSON.stringify({ rows }));
