import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { LocalEventLog } from '../../adapters/local-log/event-log.ts';
import { drain, valuesOf } from '../conformance/event-log-records.ts';
import { numberedChunk } from './event-log-local-appender.ts';

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'event-log-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

/** A process that appends; `said(line)` resolves once it has said the line, or nothing more. */
function appender(folder: string, ingestion: string, count: number) {
  const script = join(import.meta.dirname, 'event-log-local-appender.ts');
  const child: ChildProcess = spawn(process.execPath, [script, folder, ingestion, `${count}`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  const waiting = new Map<string, () => void>();
  if (child.stdout === null) throw new Error('no output');
  const output = createInterface(child.stdout);
  output.on('line', (line) => {
    lines.push(line);
    waiting.get(line)?.();
  });
  const ended = once(output, 'close');
  const said = async (line: string) => {
    if (lines.includes(line)) return;
    await Promise.race([new Promise<void>((resolve) => waiting.set(line, resolve)), ended]);
  };
  return { child, lines, said, ended, go: () => child.stdin?.write('go\n') };
}

/** Requires that the log holds exactly the first `count` chunks of `ingestion`. */
async function expectChunks(log: LocalEventLog, ingestion: string, count: number): Promise<void> {
  const chunks = Array.from({ length: count }, (_, number) => numberedChunk(ingestion, number));
  const read = await drain(log);
  for (const partition of [0, 1, 2]) {
    const events = chunks
      .flatMap((chunk) => [...chunk.events])
      .filter((event) => event.partition === partition);
    const values = valuesOf(read, `events/${partition}`);
    expect(values.length).toBe(events.length);
    expect(Buffer.concat(values).equals(Buffer.concat(events.map(({ value }) => value)))).toBe(true);
  }
  const deadLetters = chunks.flatMap((chunk) => [...chunk.deadLetters]).map(({ value }) => value);
  expect(valuesOf(read, 'dead-letters/0')).toEqual(deadLetters);
}

describe('local event log, several processes', () => {
  test('after kill -9 at any moment it holds what was acknowledged, or one chunk more, wholly', async () => {
    const folder = join(home, randomUUID());
    const delays = fc.sample(fc.integer({ min: 0, max: 150 }), { numRuns: 10, seed: 7 });
    let durable = 0;
    for (const delay of delays) {
      const { child, lines, said, ended, go } = appender(folder, 'killed', 1_000_000);
      await said('opening');
      go();
      await sleep(delay);
      child.kill('SIGKILL');
      await ended;
      const acknowledged = Math.max(
        durable,
        ...lines.filter((line) => /^\d+$/.test(line)).map((line) => Number(line) + 1),
      );
      const log = new LocalEventLog(folder, 3);
      await log.open();
      durable = (await log.ledger())[0]?.lines ?? 0;
      expect([acknowledged, acknowledged + 1]).toContain(durable);
      await expectChunks(log, 'killed', durable);
    }
    expect(durable).toBeGreaterThan(10);
    await (await new LocalEventLog(folder).writer()).close();
    const left = (await readdir(folder)).filter((name) => !name.endsWith('.chunk'));
    expect(left.filter((name) => !name.startsWith('opening-'))).toEqual([]);
  }, 60_000);

  test('of two processes that append at once, exactly one is fenced', async () => {
    for (let round = 0; round < 3; round++) {
      const folder = join(home, randomUUID());
      const rivals = ['left', 'right'].map((name) => ({ name, ...appender(folder, name, 20) }));
      await Promise.all(rivals.map(({ said }) => said('opened')));
      for (const { go } of rivals) go();
      await Promise.all(rivals.map(({ ended }) => ended));
      expect(rivals.map(({ lines }) => lines.at(-1)).sort()).toEqual(['done', 'log:fenced']);
      const [winner] = rivals.filter(({ lines }) => lines.at(-1) === 'done');
      const log = new LocalEventLog(folder, 3);
      await expectChunks(log, winner?.name ?? '', 20);
      expect((await log.ledger()).map(({ ingestion }) => ingestion)).toEqual([winner?.name]);
    }
  }, 60_000);

  test('a reader follows a writer in another process', async () => {
    const folder = join(home, randomUUID());
    const { said, ended, go } = appender(folder, 'followed', 60);
    await said('opened');
    const log = new LocalEventLog(folder, 3);
    const reader = await log.reader({ position: async () => null });
    go();
    const values: Buffer[] = [];
    const events = Array.from({ length: 60 }, (_, number) => [
      ...numberedChunk('followed', number).events,
    ]).flat();
    while (values.length < events.filter(({ partition }) => partition === 1).length) {
      const batch = await reader.poll(10_000);
      if (batch === null) throw new Error('nothing came for 10 s');
      if (batch.stream !== 'events' || batch.partition !== 1) continue;
      for (const value of batch.values) values.push(value ?? Buffer.alloc(0));
    }
    expect(values).toEqual(events.filter(({ partition }) => partition === 1).map(({ value }) => value));
    await reader.close();
    await ended;
  }, 60_000);
});
