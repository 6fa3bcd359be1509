import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { Kafka } from 'kafkajs';
import { LocalEventLog } from '../../adapters/local-log/event-log.ts';
import { OutgoingRecords } from '../../core/outgoing-records.ts';
import type { AuditReport } from '../../inspection/audit.ts';
import type { RejectedReport } from '../../inspection/rows.ts';
import type { StatusReport } from '../../inspection/status.ts';
import { askOracle, type OracleReport, type Produced } from '../oracle/compare.ts';
import { PRODUCED_VALUES } from '../oracle/produced-values.ts';
import {
  type Environment,
  embedded,
  eventlake,
  json,
  putToRest,
  realServers,
} from './end-to-end-environment.ts';

jest.setTimeout(120_000);

const ROWS = 20_000;
const PARTITIONS = 4;

interface RunReport {
  readonly ingest: { outcome: string; rows: number; events: number; deadLetters: number };
  readonly process: {
    archive: { events: number; rejected: number; commits: number };
    model: { outcome: string; rows: string } | null;
    publish: { outcome: string; stored: number; deleted: number } | null;
  };
  readonly audit: AuditReport;
}

/** The tests build on one another: each adds to the stores of the one before. */
describe.each([
  ['embedded', embedded],
  ['on real servers', realServers],
])('the whole job, %s', (_, open) => {
  let environment: Environment;
  let file: string;
  let all: Buffer;
  let part: number;
  let generated: Record<string, number>;
  const ingestions: { file: string; name: string }[] = [];
  const produced: Produced[] = [];

  const compare = async (): Promise<OracleReport['expected']> => {
    const { lake, index } = environment;
    const report = await askOracle({ ingestions, produced, partitions: PARTITIONS, lake, index });
    expect(report.differences).toEqual([]);
    return report.expected;
  };
  const run = (...args: string[]) => json<RunReport>(environment, ['run', '--file', ...args]);

  beforeAll(async () => {
    environment = await open();
    file = join(environment.folder, 'dirty.csv');
    const args = ['generate', '--rows', `${ROWS}`, '--seed', '11', '--dirty', '0.05', '--out', file];
    generated = (await json<{ dirtyLines: Record<string, number> }>(environment, args)).dirtyLines;
    all = await readFile(file);
    part = endOfPlainLine(all, 0.6);
    await writeFile(file, all.subarray(0, part));
    await putToRest(file);
    ingestions.push({ file, name: 'dirty.csv' });
  });
  afterAll(() => environment.remove());

  test('a dirty file becomes what the rules say, and the audit balances', async () => {
    await json(environment, ['ingest', '--file', file, '--batch-size', '1500']);
    await json(environment, ['process']);
    const expected = await compare();
    const audit = await json<AuditReport>(environment, ['audit']);
    expect(audit).toEqual({
      dataset: 'electronics',
      balanced: true,
      file: { rows: expected.rows },
      log: { events: expected.logEvents, deadLetters: expected.deadLetters, removed: 0 },
      lake: { events: expected.events, rejected: expected.rejected, duplicates: expected.duplicates },
      profiles: {
        users: expected.users,
        events: expected.profileEvents,
        totalSpent: expected.totalSpent,
      },
      index: environment.index && { documents: expected.users, differing: 0 },
      differences: [],
      notes: [],
    });
  });

  test('a second run adds nothing', async () => {
    const before = await json<StatusReport>(environment, ['status']);
    const report = await run(file);
    expect(report.ingest).toMatchObject({ outcome: 'nothing_new', rows: 0 });
    expect(report.process).toMatchObject({
      archive: { events: 0, rejected: 0, commits: 0 },
      model: { outcome: 'up_to_date' },
      publish: environment.index && { outcome: 'up_to_date', stored: 0, deleted: 0 },
    });
    expect(await json<StatusReport>(environment, ['status'])).toEqual(before);
  });

  test('a file that has grown is continued', async () => {
    const rows = (await compare()).rows;
    await appendFile(file, all.subarray(part));
    await putToRest(file);
    const report = await run(file);
    expect(report.ingest).toMatchObject({ outcome: 'continued', rows: ROWS - rows });
    const expected = await compare();
    expect(expected).toMatchObject({ rows: ROWS, rejected: countReasons(generated) });
  });

  test('few new events cost few documents', async () => {
    const lines = all.toString('latin1').split('\n');
    const plain = lines.filter(
      (line) => /^2020-1[^,]*,view,[^"]*$/.test(line) && line.split(',').length === 9,
    );
    const [one = '', two = ''] = [plain[100], plain[4000]];
    const more = join(environment.folder, 'more.csv');
    const stranger = one.replace(/\d{19}(?=,[^,]*$)/, '42');
    const rows = [one, two.replace(',view,', ',cart,'), stranger, 'not an event', stranger];
    await writeFile(more, `${lines[0]}\n${rows.join('\n')}\n`);
    ingestions.push({ file: more, name: 'more.csv' });
    const report = await run(more);
    expect(report.ingest).toMatchObject({ outcome: 'ingested', rows: 5, events: 4, deadLetters: 1 });
    // The first line is known, so its customer's profile stays; the second customer's changes, and a new one
    // appears.
    if (environment.index) expect(report.process.publish).toMatchObject({ stored: 2, deleted: 0 });
    await compare();
  });

  test('--again doubles the events, and no profile changes', async () => {
    const before = await compare();
    const report = await run(file, '--again');
    ingestions.push({ file, name: 'dirty.csv' });
    expect(report.ingest).toMatchObject({ outcome: 'ingested', rows: ROWS });
    const expected = await compare();
    expect(expected.duplicates).toBeGreaterThan(ROWS * 0.9);
    expect(expected.profileEvents).toBe(before.profileEvents);
    expect(report.audit).toMatchObject({ balanced: true, lake: { duplicates: expected.duplicates } });
    if (environment.index) expect(report.process.publish).toMatchObject({ stored: 0, deleted: 0 });
  });

  test('status, rejected and profile say what is there', async () => {
    const expected = await compare();
    const status = await json<StatusReport>(environment, ['status']);
    expect(status).toMatchObject({ lag: 0, profilesUpToDate: true });
    expect(status.files.map(({ file, rows, complete }) => ({ file, rows, complete }))).toEqual([
      { file: 'dirty.csv', rows: ROWS, complete: true },
      { file: 'more.csv', rows: 5, complete: true },
      { file: 'dirty.csv', rows: ROWS, complete: true },
    ]);
    const turnedAway = Object.values(expected.rejected).reduce((sum, n) => sum + n, 0);
    expect(status.tables.map(({ table, rows }) => [table, rows])).toEqual([
      ['electronics/events', expected.events],
      ['electronics/rejected', turnedAway],
      ['electronics/customer_profiles', expected.users],
    ]);
    expect(status.index?.documents).toBe(environment.index ? expected.users : undefined);

    const rejected = await json<RejectedReport>(environment, ['rejected', '--limit', '7']);
    expect(rejected.total).toBe(turnedAway);
    expect(rejected.examples).toHaveLength(7);
    expect(Object.fromEntries(rejected.reasons.map(({ reason, rows }) => [reason, rows]))).toEqual(
      expected.rejected,
    );

    const profile = await json(environment, ['profile', `${expected.topProfile.user_id}`]);
    expect(profile).toEqual(expected.topProfile);
  });

  test('values that no file gives are rejected or taken as the rules say', async () => {
    await produce(environment, produced);
    const processed = await eventlake(environment, ['process']);
    expect(processed).toMatchObject({ code: 0 });
    await compare();
    const audit = await json<AuditReport>(environment, ['audit'], 3);
    expect(audit.balanced).toBe(false);
    expect(audit.differences).toEqual([expect.stringMatching(/^rows of the files .*another producer/)]);
  });

  test('reset leaves nothing, and the next run starts from the beginning', async () => {
    expect(await eventlake(environment, ['reset'])).toMatchObject({ code: 2 });
    expect(await eventlake(environment, ['reset', '--yes'])).toMatchObject({ code: 0 });
    ingestions.splice(1);
    produced.splice(0);
    expect((await run(file)).ingest).toMatchObject({ outcome: 'ingested', rows: ROWS });
    await compare();
  });
});

/** Where a line without quotes ends that is followed by another, at about this share of the file. */
function endOfPlainLine(bytes: Buffer, share: number): number {
  const content = bytes.toString('latin1');
  const plain = /(?<=\n)2[^"\n]*\n(?=2[^"\n]*\n)/g;
  plain.lastIndex = Math.round(content.length * share);
  const found = plain.exec(content);
  return (found?.index ?? 0) + (found?.[0].length ?? 0);
}

/** Of the generator's `<reason>/<variant>`, how many there are of each reason. */
function countReasons(variants: Record<string, number>): Record<string, number> {
  const reasons: Record<string, number> = {};
  for (const [variant, n] of Object.entries(variants)) {
    const reason = variant.slice(0, variant.lastIndexOf('/'));
    if (reason !== 'valid') reasons[reason] = (reasons[reason] ?? 0) + n;
  }
  return reasons;
}

/**
 * Puts values into the topics as another producer would. The local log has no other producers, and cannot
 * hold tombstones.
 */
async function produce({ kafka, variables }: Environment, produced: Produced[]): Promise<void> {
  const values = PRODUCED_VALUES.map((value, i) => ({ ...value, partition: i % PARTITIONS }));
  if (!kafka) {
    const log = new LocalEventLog(join(variables.EVENTLAKE_HOME ?? '', 'log', 'electronics'));
    produced.push(...values.filter(({ value }) => value !== null));
    const [progress] = await log.ledger();
    if (!progress) throw new Error('the log has no ledger');
    const events = OutgoingRecords.of(
      produced.map(({ partition, value }) => ({ partition, key: null, value: value ?? Buffer.of() })),
    );
    const writer = await log.writer();
    await writer.append({ events, deadLetters: new OutgoingRecords(), progress });
    return writer.close();
  }
  produced.push(...values);
  const producer = new Kafka({ brokers: kafka.brokers, logLevel: 0 }).producer();
  await producer.connect();
  await producer.send({
    topic: kafka.topic,
    messages: values.map(({ partition, value }) => ({ partition, value })),
  });
  const junk = ['no JSON', '{"reason":"price:missing"}', null].map((text) =>
    text === null ? null : Buffer.from(text),
  );
  await producer.send({ topic: `${kafka.topic}.dead-letters`, messages: junk.map((value) => ({ value })) });
  await producer.disconnect();
  const expected = 'line:unreadable_dead_letter';
  produced.push(...junk.map((value) => ({ stream: 'dead-letters' as const, partition: 0, value, expected })));
}
