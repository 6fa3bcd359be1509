import { appendFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { expect, jest } from '@jest/globals';
import kafkajs, { type EachMessagePayload } from 'kafkajs';
import type { Random } from '../../generator/random.ts';
import { compareExport, type ExportRequest } from '../oracle/exported.ts';
import { type Environment, json, outcomeOf, start } from '../stack/end-to-end-environment.ts';
import { testInBothEnvironments } from './both-environments.ts';
import { commits } from './kills.ts';

jest.setTimeout(600_000);

const KILLS = 3;

testInBothEnvironments(
  'an export that is killed again and again, $name, gives rotated files with each good reading of the log once, and nothing torn',
  3,
  campaign,
);

async function campaign(environment: Environment, random: Random): Promise<void> {
  const shares = ['--dirty', '0.1', '--late', '0.1'];
  const generator = start(environment, [
    'generate',
    'co2_live',
    '--follow',
    '--rate',
    '400',
    ...shares,
    '--json',
  ]);
  const generated = outcomeOf(generator);
  const rotate = ['--rotate', '10kB', '--keep', '1000'];
  const csv = join(environment.folder, 'home', 'data', 'co2_live.csv');
  for (let kill = 0; kill < KILLS; kill++) {
    const child = start(environment, ['export', 'co2_live', '--follow', ...rotate], { LOG_FORMAT: 'json' });
    const committed = commits(child, 2 + random.below(2));
    const outcome = outcomeOf(child);
    await committed;
    await sleep(random.below(600));
    child.kill('SIGKILL');
    expect((await outcome).code).toBeNull();
    // A power failure may leave more of the last write than a kill does.
    if (kill % 2 === 0) await appendFile(csv, '17,2026-01-01T00:00:00.000Z,"torn');
  }
  generator.kill('SIGINT');
  const { code, stdout } = await generated;
  expect(code).toBe(0);
  const result = await json<{ totalRows: number; totalRejected: number }>(environment, [
    ...['export', 'co2_live'],
    ...rotate,
  ]);

  const files = await exportedFiles(join(environment.folder, 'home', 'data'));
  expect(files.length).toBeGreaterThan(2);
  const report = await compareExport({ files, ...(await logOf(environment, JSON.parse(stdout).total)) });
  expect(report.differences).toEqual([]);
  expect(report.rejected).toBeGreaterThan(0);
  expect(result).toMatchObject({ totalRows: report.rows, totalRejected: report.rejected });
}

/** The rotated files, the oldest first, and the current one. */
async function exportedFiles(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => /^co2_live\.csv(\.\d+)?$/.test(name));
  const age = (name: string) => Number(/\d+$/.exec(name)?.[0] ?? 0);
  return names.sort((a, b) => age(b) - age(a)).map((name) => join(folder, name));
}

type LogSource = Pick<ExportRequest & { chunks: string }, 'chunks'> | { records: [number, number, string][] };

/** The log of so many records as the independent reader takes it: of Kafka what another client reads. */
async function logOf({ kafka, folder }: Environment, total: number): Promise<LogSource> {
  if (!kafka) return { chunks: join(folder, 'home', 'log', 'co2_live') };
  const { brokers, topic } = kafka;
  const { CompressionCodecs, CompressionTypes, Kafka, logLevel } = kafkajs;
  CompressionCodecs[CompressionTypes.ZSTD] = () => ({
    compress: async ({ buffer }: { buffer: Buffer }) => zstdCompressSync(buffer),
    decompress: async (buffer: Buffer) => zstdDecompressSync(buffer),
  });
  const consumer = new Kafka({ brokers, logLevel: logLevel.NOTHING }).consumer({
    groupId: `${topic}-oracle`,
  });
  const records: [number, number, string][] = [];
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await new Promise<void>((resolve, reject) => {
    const eachMessage = async ({ partition, message }: EachMessagePayload) => {
      records.push([partition, Number(message.offset), String(message.value)]);
      if (records.length === total) resolve();
    };
    consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
    consumer.run({ eachMessage }).catch(reject);
  });
  await consumer.disconnect();
  return { records };
}
