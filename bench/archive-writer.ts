/**
 * `archive-writer.ts`: the second stage alone, from the embedded log in EVENTLAKE_HOME into the `events`
 * table there.
 */
import { processContext } from '../cli/process-context.ts';
import { openSession } from '../cli/session.ts';
import { archive } from '../processing/archive.ts';

const session = await openSession('electronics', {}, 'write');
const { archive: context } = await processContext(session);
const { events } = await archive(context, { ends: session.log.ranges() });
const table = await session.tables.events.snapshot();
const bytes = table?.files.reduce((sum, file) => sum + file.bytes, 0);
await session.close();
console.log(JSON.stringify({ rows: events, bytes }));
