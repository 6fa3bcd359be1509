import { execFile } from 'node:child_process';
import {
  appendFile,
  cp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { waitFor } from '../wait-for.ts';
import { ended, Home } from './fixtures.ts';

const HEADER =
  'reading_id,measured_at,country,city,sector,emissions_tonnes,co2_ppm,temperature_c,sensor_id,log_partition,log_offset\n';

const MAIN = join(import.meta.dirname, '../../cli/main.ts');

let home: Home;
let data: string;
let csv: string;
let sidecar: string;
beforeAll(async () => {
  home = await Home.create();
  data = join(home.folder, 'home/data');
  csv = join(data, 'co2_live.csv');
  sidecar = `${csv}.position.json`;
  await generate(60);
  expect(await exported()).toMatchObject({ code: 0 });
  await rename(data, `${data}-exported`);
});
afterAll(() => rm(home.folder, { recursive: true }));
beforeEach(() => rm(data, { recursive: true, force: true }));

async function generate(rows: number, ...more: string[]): Promise<void> {
  const args = ['generate', 'co2_live', '--follow', '--rate', '10000', '--rows', `${rows}`, ...more];
  expect(await home.run(args)).toMatchObject({ code: 0 });
}

const exported = (...more: string[]) => home.run(['export', 'co2_live', '--json', ...more]);
/** Puts the files there as the first export, of 60 readings, has left them. */
const wasExported = () => cp(`${data}-exported`, data, { recursive: true });
const bytes = () => readFile(csv, 'utf8');
const idsOf = async () =>
  (await bytes())
    .split('\n')
    .slice(1, -1)
    .map((line) => Number(line.split(',')[0]));

test('a second run adds nothing; what was torn off is written again; the position says where it is', async () => {
  expect(JSON.parse((await exported()).stdout)).toMatchObject({ csv, rows: 60, rejected: 0, totalRows: 60 });
  const whole = await bytes();
  expect(whole.startsWith(HEADER)).toBe(true);
  expect(whole.split('\n')).toHaveLength(62);
  const position = JSON.parse(await readFile(sidecar, 'utf8'));
  expect(position).toEqual({
    bytes: Buffer.byteLength(whole),
    log: expect.any(String),
    next: expect.any(Object),
    rows: 60,
    rejected: 0,
  });
  const offsets = Object.values<string>(position.next).reduce((sum, next) => sum + Number(next), 0);
  expect(offsets).toBe(60);

  await appendFile(csv, '61,2026-01-01T00:0');
  expect(JSON.parse((await exported()).stdout)).toMatchObject({ rows: 0, totalRows: 60 });
  expect(await bytes()).toBe(whole);
});

test('a kill between the steps of a rotation loses no row and writes none twice', async () => {
  await wasExported();
  const first = await bytes();
  const before = JSON.parse(await readFile(sidecar, 'utf8'));
  const begun = `${JSON.stringify({ ...before, bytes: 0 })}\n`;
  // The sidecar says that a new file is begun, and the old one has not been moved yet; has been; is followed
  // by half a header.
  const states = [
    async () => {},
    async () => rename(csv, `${csv}.1`),
    async () => {
      await rename(csv, `${csv}.1`);
      await writeFile(csv, HEADER.slice(0, 20));
    },
  ];
  for (const state of states) {
    await rm(`${csv}.1`, { force: true });
    await writeFile(csv, first);
    await writeFile(sidecar, begun);
    await state();
    expect(JSON.parse((await exported('--rotate', '1kB')).stdout)).toMatchObject({ rows: 0, totalRows: 60 });
    expect([await bytes(), await readFile(`${csv}.1`, 'utf8')]).toEqual([HEADER, first]);
  }
});

test('rotation keeps as many files as asked, each with a header', async () => {
  await exported('--rotate', '1kB', '--keep', '2');
  for (let i = 0; i < 3; i++) {
    await generate(20);
    await exported('--rotate', '1kB', '--keep', '2');
  }
  const names = (await readdir(join(home.folder, 'home/data'))).sort();
  expect(names).toEqual([
    'co2_live.csv',
    'co2_live.csv.1',
    'co2_live.csv.2',
    'co2_live.csv.lock',
    'co2_live.csv.position.json',
  ]);
  for (const name of names.slice(0, 3)) {
    const text = await readFile(join(home.folder, 'home/data', name), 'utf8');
    expect(text.startsWith(HEADER)).toBe(true);
    expect(text.split('\n')).toHaveLength(22);
  }
});

test.each([
  ['was shortened', () => truncate(csv, 100), 'csv:damaged'],
  ['is gone', () => rm(csv), 'csv:damaged'],
  ['has no position', () => rm(sidecar), 'csv:no_position'],
  ['has a position that is no JSON', () => writeFile(sidecar, '{"bytes":'), 'csv:damaged'],
  [
    'has other columns',
    async () => writeFile(csv, (await bytes()).replace('reading_id', 'reading_no')),
    'csv:other_columns',
  ],
  [
    'was filled from another log',
    async () =>
      writeFile(sidecar, (await readFile(sidecar, 'utf8')).replace(/"log":"[^"]+"/, '"log":"other"')),
    'csv:other_log',
  ],
])('a file that %s is refused, and stays as it is', async (_, change, code) => {
  await wasExported();
  await change();
  const before = await bytes().catch(() => null);
  const { code: exit, stderr } = await exported();
  expect({ exit, stderr }).toEqual({ exit: 1, stderr: expect.stringContaining(`[${code}]`) });
  expect(await bytes().catch(() => null)).toBe(before);
});

test('reset deletes the files with the log, and nothing that is not its own', async () => {
  const own = await Home.create();
  const folder = join(own.folder, 'home/data');
  const fill = ['generate', 'co2_live', '--follow', '--rate', '10000', '--rows', '5'];
  for (let i = 0; i < 2; i++) {
    await own.run(fill);
    await own.run(['export', 'co2_live', '--rotate', '100B']);
  }
  await writeFile(join(folder, 'co2_live.csv.old'), '');
  expect((await readdir(folder)).sort()).toEqual([
    'co2_live.csv',
    'co2_live.csv.1',
    'co2_live.csv.lock',
    'co2_live.csv.old',
    'co2_live.csv.position.json',
  ]);
  const asked = await own.run(['reset', 'co2_live']);
  expect(asked).toMatchObject({ code: 2, stderr: expect.stringContaining(join(folder, 'co2_live.csv')) });
  expect(await own.run(['reset', 'co2_live', '--yes'])).toMatchObject({ code: 0 });
  expect((await readdir(folder)).sort()).toEqual(['co2_live.csv.lock', 'co2_live.csv.old']);
  await own.run(fill);
  const again = await own.run(['export', 'co2_live', '--json']);
  expect(JSON.parse(again.stdout)).toMatchObject({ rows: 5, totalRows: 5 });
  await rm(own.folder, { recursive: true });
});

test('of two exports that start at once one writes, the other ends; a kill frees the file at once', async () => {
  const follow = () => home.start(['export', 'co2_live', '--follow']);
  const pair = [follow(), follow()].map((child) => {
    let said = '';
    child.stderr.on('data', (text) => {
      said += text;
    });
    return { child, end: ended(child).then((code) => ({ child, code, said })) };
  });
  const refused = await Promise.race(pair.map(({ end }) => end));
  expect(refused).toMatchObject({ code: 1, said: expect.stringContaining('[csv:in_use]') });
  const writer = pair.find(({ child }) => child !== refused.child);
  const before = await bytes();
  const reset = await home.run(['reset', 'co2_live', '--yes']);
  expect(reset).toMatchObject({ code: 1, stderr: expect.stringContaining('[csv:in_use]') });
  await generate(30);
  await waitFor(async () => (await bytes()).length > before.length);
  writer?.child.kill('SIGKILL');
  expect((await writer?.end)?.code).toBeNull();
  const { totalRows } = JSON.parse((await exported()).stdout);
  const ids = await idsOf();
  expect(ids.sort((a, b) => a - b)).toEqual(Array.from({ length: totalRows }, (_, i) => i + 1));
});

test('a disk that is full is waited for, and nothing is written twice after it', async () => {
  await exported();
  // Every write to /dev/full fails with ENOSPC: here that of the sidecar, when the rows are in the file
  // already.
  await symlink('/dev/full', `${sidecar}.tmp`);
  await generate(30);
  const child = home.start(['export', 'co2_live', '--follow']);
  let said = '';
  child.stderr.on('data', (text) => {
    said += text;
  });
  await waitFor(() => said.includes('ENOSPC'));
  await rm(`${sidecar}.tmp`);
  const rows = async () => JSON.parse(await readFile(sidecar, 'utf8')).rows;
  const before = await rows();
  await waitFor(async () => (await rows()) === before + 30);
  child.kill('SIGINT');
  expect(await ended(child)).toBe(0);
  const ids = await idsOf();
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids).toHaveLength(before + 30);
});

test('a file that cannot grow further is an error, and the next run completes it', async () => {
  await generate(2000);
  await exported();
  await generate(300);
  const { size } = await stat(csv);
  // The shell's limit on the size of files lets a write end in its midst, as a full disk does; what is staged
  // is smaller.
  const limit = Math.ceil((size + 10_000) / 1024);
  const command = `trap "" XFSZ; ulimit -f ${limit}; exec "${process.execPath}" "${MAIN}" export co2_live`;
  const env = { PATH: process.env.PATH, EVENTLAKE_HOME: join(home.folder, 'home') };
  const failure = await promisify(execFile)('bash', ['-c', command], { env, cwd: home.folder }).catch(
    (error) => error,
  );
  expect(failure).toMatchObject({ code: 1, stderr: expect.stringContaining('[csv:write_failed]') });
  expect((await stat(csv)).size).toBeGreaterThan(size);
  const { totalRows } = JSON.parse((await exported()).stdout);
  const ids = await idsOf();
  expect(ids.sort((a, b) => a - b)).toEqual(Array.from({ length: totalRows }, (_, i) => i + 1));
});
