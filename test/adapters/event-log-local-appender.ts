/**
 * Appends to the local log in a process of its own. Arguments: the folder, a name for the ingestion, and how
 * many chunks at most. Says on standard output `opening`, `opened` (then waits for a line of input), each
 * chunk's number once it is durable, and last the code of the error that ended it.
 */
import { once } from 'node:events';
import { writeSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { LocalEventLog } from '../../adapters/local-log/event-log.ts';
import type { Chunk } from '../../core/contracts.ts';
import { hasCode } from '../../core/errors.ts';
import { type OutgoingRecord, OutgoingRecords } from '../../core/outgoing-records.ts';

/**
 * The chunk that brings `ingestion` from `number` to `number + 1` lines: of 1 to 50 records of many sizes,
 * told by their values.
 */
export function numberedChunk(ingestion: string, number: number): Chunk {
  const events: OutgoingRecord[] = [];
  for (let i = 0; i <= (number * 7) % 50; i++) {
    const value = Buffer.from(`${ingestion} ${number} ${i} `.padEnd((i * number) % 3000, '.'));
    events.push({ partition: (number + i) % 3, key: Buffer.from(`${i}`), value });
  }
  const deadLetters =
    number % 5 === 0 ? [{ partition: 0, key: null, value: Buffer.from(`dead ${number}`) }] : [];
  const progress = {
    ingestion,
    file: 'a.csv',
    bytes: number,
    sha256: '',
    lines: number + 1,
    rows: events.length + deadLetters.length,
    events: events.length,
    deadLetters: deadLetters.length,
    complete: false,
    updatedAt: '2026-01-02T03:04:05Z',
  };
  return {
    events: OutgoingRecords.of(events),
    deadLetters: OutgoingRecords.of(deadLetters),
    progress,
  };
}

async function append(folder: string, ingestion: string, count: number): Promise<void> {
  const say = (line: string) => writeSync(1, `${line}\n`);
  say('opening');
  const log = new LocalEventLog(folder, 3);
  await log.open();
  const writer = await log.writer();
  const ledger = await log.ledger();
  const begin = ledger.find((entry) => entry.ingestion === ingestion)?.lines ?? 0;
  say('opened');
  await once(process.stdin, 'data');
  try {
    for (let number = begin; number < begin + count; number++) {
      await writer.append(numberedChunk(ingestion, number));
      say(`${number}`);
    }
    say('done');
  } catch (error) {
    say(hasCode(error, 'log:fenced') ? error.code : String(error));
  }
  process.exit();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [, , folder = '', ingestion = '', count = ''] = process.argv;
  await append(folder, ingestion, Number(count));
}
