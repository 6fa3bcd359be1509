/** `parquetjs-writer.ts`: the embedded log in EVENTLAKE_HOME into one Parquet file below it, row by row. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import parquet from 'parquetjs-lite';
import { LocalEventLog } from '../adapters/local-log/event-log.ts';
import { readSettings } from '../config/settings.ts';

const { home } = readSettings(process.env);
const file = join(home, 'peer', 'events.parquet');
const field = (type: string, optional = false) => ({ type, optional, compression: 'SNAPPY' });
const schema = new parquet.ParquetSchema({
  event_time: field('TIMESTAMP_MICROS'),
  event_type: field('UTF8'),
  product_id: field('INT64'),
  // Numbers of 19 digits would be rounded.
  category_id: field('UTF8'),
  category_code: field('UTF8', true),
  brand: field('UTF8', true),
  price: field('DOUBLE'),
  user_id: field('UTF8'),
  user_session: field('UTF8', true),
  log_partition: field('INT32'),
  log_offset: field('INT64'),
  log_timestamp: field('TIMESTAMP_MICROS'),
});

const log = new LocalEventLog(join(home, 'log', 'electronics'));
const ranges = await log.ranges();
const end = ranges.filter(({ stream }) => stream === 'events').reduce((sum, range) => sum + range.end, 0n);
const reader = await log.reader({ position: async () => null });
const writer = await parquet.ParquetWriter.openFile(schema, file);
let rows = 0;
while (rows < end) {
  const batch = await reader.poll(1000);
  if (batch?.stream !== 'events') continue;
  for (const [i, value] of [...batch.values].entries()) {
    const event = JSON.parse(String(value));
    await writer.appendRow({
      ...event,
      event_time: new Date(event.event_time),
      log_partition: batch.partition,
      log_offset: Number(batch.offsets[i]),
      log_timestamp: new Date(batch.timestamps[i] ?? 0),
    });
    rows += 1;
  }
}
await writer.close();
await reader.close();
console.log(JSON.stringify({ rows, bytes: (await stat(file)).size }));
