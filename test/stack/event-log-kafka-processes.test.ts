import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { KafkaEventLog } from '../../adapters/kafka/event-log.ts';
import { chunkOf, drain, record, valuesOf } from '../conformance/event-log-records.ts';
import { waitFor } from '../wait-for.ts';
import { numberedChunk, PARTITIONS } from './event-log-kafka-process.ts';

const ADDRESS = process.env.EVENTLAKE_TEST_KAFKA ?? '';
const TIMEOUT_MS = 1_200_000;
const EVERY_PARTITION = ['dead-letters/0', 'events/0', 'events/1', 'events/2', 'events/3'];

const children: ChildProcess[] = [];
const logs: KafkaEventLog[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const log of logs.splice(0)) {
    await log.wipe();
    await log.close();
  }
}, TIMEOUT_MS);

async function openLog(): Promise<{ log: KafkaEventLog; topic: string }> {
  const topic = `processes-${randomUUID()}`;
  const log = new KafkaEventLog({ brokers: ADDRESS.split(','), topic, partitions: PARTITIONS });
  logs.push(log);
  await log.open();
  return { log, topic };
}

/** A process that writes or reads, and the lines that it has said so far. */
function start(...args: string[]): { child: ChildProcess; lines: string[]; ended: Promise<unknown> } {
  const program = join(import.meta.dirname, 'event-log-kafka-process.ts');
  const child = spawn(process.execPath, [program, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  const lines: string[] = [];
  const output = createInterface(child.stdout);
  output.on('line', (line) => lines.push(line));
  return { child, lines, ended: once(output, 'close') };
}

/** Waits until `holds` does not throw. */
async function until(holds: () => void): Promise<void> {
  await waitFor(() => {
    try {
      holds();
      return true;
    } catch {
      return false;
    }
  });
}

test(
  'after kill -9 of a writer at any moment the log holds what was acknowledged, or one chunk more, wholly',
  async () => {
    const { log, topic } = await openLog();
    const delays = fc.sample(fc.integer({ min: 0, max: 300 }), { numRuns: 5, seed: 11 });
    let durable = 0;
    for (const delay of delays) {
      const { child, lines, ended } = start('append', ADDRESS, topic);
      await until(() => expect(lines).toContain('ready'));
      child.stdin?.write('go\n');
      await sleep(delay);
      child.kill('SIGKILL');
      await ended;
      const last = Number(lines.at(-1) === 'ready' ? durable - 1 : lines.at(-1));

      await (await log.writer()).close();
      durable = (await log.ledger())[0]?.lines ?? 0;
      expect([last + 1, last + 2]).toContain(durable);
      const chunks = Array.from({ length: durable }, (_, number) => numberedChunk(number));
      const read = await drain(log);
      for (let partition = 0; partition < PARTITIONS; partition++) {
        const written = chunks
          .flatMap(({ events }) => [...events])
          .filter((event) => event.partition === partition);
        const values = valuesOf(read, `events/${partition}`);
        expect(values.length).toBe(written.length);
        expect(Buffer.concat(values).equals(Buffer.concat(written.map(({ value }) => value)))).toBe(true);
      }
      const deadLetters = chunks.flatMap((chunk) => [...chunk.deadLetters]).map(({ value }) => value);
      expect(valuesOf(read, 'dead-letters/0')).toEqual(deadLetters);
    }
    expect(durable).toBeGreaterThan(5);
  },
  TIMEOUT_MS,
);

test(
  'readers of a group share the partitions, and take over from one that is killed or closed',
  async () => {
    const { log, topic } = await openLog();
    const group = `group-${topic}`;
    const writer = await log.writer();
    const appendEverywhere = (value: string) =>
      writer.append(
        chunkOf(
          Array.from({ length: PARTITIONS }, (_, partition) => record(partition, value)),
          [record(0, value)],
        ),
      );
    const whoRead = (value: string, readers: { lines: string[] }[]) =>
      readers.map(({ lines }) =>
        EVERY_PARTITION.filter((partition) => lines.includes(`read ${partition} ${value}`)),
      );
    // A partition that changes hands is read again from its start.
    const anyRead = (value: string, among: { lines: string[] }[]) =>
      [...new Set(whoRead(value, among).flat())].sort();

    const readers = [0, 1, 2].map(() => start('read', ADDRESS, topic, group));
    const [first, second, third] = readers as [(typeof readers)[0], (typeof readers)[0], (typeof readers)[0]];
    await until(() =>
      expect(readers.every(({ lines }) => lines.some((line) => line.startsWith('given')))).toBe(true),
    );
    await appendEverywhere('one');
    await until(() => {
      expect(anyRead('one', readers)).toEqual(EVERY_PARTITION);
      for (const read of whoRead('one', readers)) expect(read.length).toBeGreaterThan(0);
    });

    first.child.kill('SIGKILL');
    const killed = Date.now();
    await appendEverywhere('two');
    await until(() => expect(anyRead('two', [second, third])).toEqual(EVERY_PARTITION));
    expect(Date.now() - killed).toBeLessThan(15_000);

    second.child.stdin?.write('stop\n');
    const closed = Date.now();
    await appendEverywhere('three');
    await until(() => expect(anyRead('three', [third])).toEqual(EVERY_PARTITION));
    expect(Date.now() - closed).toBeLessThan(10_000);
    await second.ended;
    await writer.close();
  },
  TIMEOUT_MS,
);

test(
  'a reader that is busy for longer than a session keeps its partitions',
  async () => {
    const { log, topic } = await openLog();
    const writer = await log.writer();
    await writer.append(numberedChunk(0));
    const given: number[] = [];
    const reader = await log.reader({
      group: `group-${topic}`,
      position: async ({ partition }) => {
        given.push(partition);
        return null;
      },
    });
    expect(await reader.poll(10_000)).not.toBeNull();
    await sleep(9_000);
    await writer.append(chunkOf([], [record(0, 'last')]));
    for (let last = ''; last !== 'last'; ) {
      const batch = await reader.poll(10_000);
      expect(batch).not.toBeNull();
      last = String([...(batch?.values ?? [])].at(-1));
    }
    expect(given.length).toBe(EVERY_PARTITION.length);
    await reader.close();
    await writer.close();
  },
  TIMEOUT_MS,
);
