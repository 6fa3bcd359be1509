import { once } from 'node:events';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { FILE, Home, type Left } from './fixtures.ts';

let home: Home;
let file: string;
let first: Left;
/** What a job says first. */
let stores: string;
beforeAll(async () => {
  home = await Home.create();
  file = await home.put('events.csv', FILE);
  const place = join(home.folder, 'home');
  stores = `log: local log in ${place}/log/electronics; lake: ${place}/lake; index: none\n`;
  first = await home.run(['run', '--json', '--file', file]);
}, 60_000);
afterAll(() => rm(home.folder, { recursive: true }));

const AUDIT = {
  dataset: 'electronics',
  balanced: true,
  file: { rows: 7 },
  log: { events: 6, deadLetters: 1, removed: 0 },
  lake: { events: 5, rejected: { 'line:wrong_field_count': 1, 'price:not_a_number': 1 }, duplicates: 1 },
  profiles: { users: 3, events: 4, totalSpent: '31.90' },
  index: null,
  differences: [],
  notes: [],
};

describe('run', () => {
  test('does the whole job and prints one JSON document', () => {
    expect([first.code, first.stderr]).toEqual([0, stores]);
    expect(JSON.parse(first.stdout)).toEqual({
      ingest: {
        outcome: 'ingested',
        rows: 7,
        events: 6,
        deadLetters: 1,
        entry: expect.objectContaining({ file: 'events.csv', rows: 7, complete: true }),
      },
      process: {
        archive: { events: 5, rejected: 2, commits: 1, stopped: false },
        model: { outcome: 'computed', version: '0', rows: '3' },
        publish: null,
        published: [],
      },
      audit: AUDIT,
    });
  });

  test('again adds nothing, and says so to people', async () => {
    const again = await home.run(['run', '--file', file]);
    expect([again.code, again.stderr]).toEqual([0, stores]);
    expect(again.stdout).toContain('nothing new: all 7 rows of events.csv are in the log');
    expect(again.stdout).toContain('archive: nothing new');
    expect(again.stdout).toMatch(/rejected +2\n/);
    expect(again.stdout).toContain('✔ balanced');
  });
});

describe('every command that looks', () => {
  test('prints one JSON document with --json, and text for people without', async () => {
    const commands = [
      ['audit'],
      ['status'],
      ['rejected'],
      ['profile', '1515915625519388267'],
      ['process'],
      ['check-data', '--file', file],
      ['ingest', '--file', file],
    ];
    const [audit, status, rejected, profile, processed, checked, ingested] = (
      await home.runAll(commands.map((args) => [...args, '--json']))
    ).map(({ code, stdout }) => {
      expect(code).toBe(0);
      return JSON.parse(stdout);
    });
    expect(audit).toEqual(AUDIT);
    expect(status).toMatchObject({
      lag: 0,
      files: [{ file: 'events.csv', rows: 7 }],
      profilesUpToDate: true,
      index: null,
    });
    expect(rejected).toMatchObject({
      total: 2,
      reasons: [
        { reason: 'line:wrong_field_count', rows: 1 },
        { reason: 'price:not_a_number', rows: 1 },
      ],
    });
    expect(rejected.examples).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ source_file: 'events.csv', source_line: '8', payload: 'oops' }),
      ]),
    );
    expect(profile).toMatchObject({
      user_id: '1515915625519388267',
      events: 2,
      total_spent: '31.90',
      favourite_brand: 'asus',
      segment: 'buyer',
    });
    expect(processed).toMatchObject({ archive: { commits: 0 }, model: { outcome: 'up_to_date' } });
    expect(checked).toMatchObject({
      rows: 7,
      good: 5,
      findings: [
        { reason: 'line:wrong_field_count', lines: [8] },
        { reason: 'price:not_a_number', lines: [7] },
      ],
    });
    expect(ingested).toMatchObject({ outcome: 'nothing_new', rows: 0 });

    const texts = await home.runAll(commands.slice(2, 4));
    for (const { code, stdout } of texts) {
      expect(code).toBe(0);
      expect(stdout.trim()).not.toBe('');
      expect(() => JSON.parse(stdout)).toThrow();
    }
    expect(texts[0]?.stdout).toMatch(/line:wrong_field_count +events\.csv:8 .*oops/);
    expect(texts[1]?.stdout).toMatch(/^ {2}user_id +1515915625519388267$/m);
  }, 60_000);

  test('keeps warnings off standard output, and can be made to keep them to itself', async () => {
    const more = await home.put(
      'more.csv',
      FILE.replaceAll(/(.)$/gm, '$1,x').replace('user_session,x', 'user_session,note'),
    );
    const { code, stdout, stderr } = await home.run(['ingest', '--json', '--limit', '2', '--file', more]);
    expect([code, stderr]).toEqual([
      0,
      `${stores}warning: columns not in the contract are not carried: note\n`,
    ]);
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'stopped', rows: 2 });
    expect(
      await home.run(['ingest', '--json', '--limit', '2', '--file', more], { LOG_LEVEL: 'error' }),
    ).toMatchObject({ code: 0, stderr: '' });
  });

  test('a key that is none is wrong usage', async () => {
    expect(await home.run(['profile', 'electronics', 'nobody'])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(/"nobody" is not a valid user_id \(64-bit integer\) \[profile:bad_key\]/),
    });
  });
});

test('process --follow runs until it is told to stop, and ends well', async () => {
  const child = home.start(['process', '--follow', '--json']);
  const out: Buffer[] = [];
  child.stdout.on('data', (bytes) => out.push(bytes));
  await once(child.stderr, 'data');
  setTimeout(() => child.kill('SIGTERM'), 300);
  const [code] = await once(child, 'close');
  expect(code).toBe(0);
  expect(JSON.parse(Buffer.concat(out).toString())).toMatchObject({ archive: { stopped: true } });
}, 30_000);

test('process that is told to stop before the end finishes its batch, and is not done', async () => {
  const other = { EVENTLAKE_HOME: join(home.folder, 'stopped') };
  const row = FILE.split('\n')[1];
  const many = await home.put('many.csv', `${FILE.split('\n')[0]}\n${`${row}\n`.repeat(200)}`);
  await home.run(['ingest', '--batch-size', '1', '--file', many], other);
  const child = home.start(['process', '--json'], { ...other, BATCH_ROWS: '1' });
  const out: Buffer[] = [];
  child.stdout.on('data', (bytes) => out.push(bytes));
  let told = false;
  child.stderr.on('data', (bytes) => {
    if (!told && String(bytes).includes('committed')) told = child.kill('SIGINT');
  });
  const [code] = await once(child, 'close');
  expect(code).toBe(1);
  const { archive, model } = JSON.parse(Buffer.concat(out).toString());
  expect([archive.stopped, model]).toEqual([true, null]);
  expect(archive.events).toBeLessThan(200);
  const { stdout } = await home.run(['process', '--json'], other);
  expect(JSON.parse(stdout).archive).toMatchObject({ events: 200 - archive.events, stopped: false });
}, 60_000);

describe('an audit', () => {
  test('that does not balance ends with 3, one that cannot read its files with 1, and a reset makes all well', async () => {
    const lake = join(home.folder, 'home/lake/electronics');
    await rm(join(lake, 'rejected'), { recursive: true });
    const unbalanced = await home.run(['audit', '--json']);
    expect(unbalanced.code).toBe(3);
    expect(JSON.parse(unbalanced.stdout)).toMatchObject({
      balanced: false,
      differences: [expect.stringContaining('events + dead letters of the log')],
    });

    for (const month of await readdir(join(lake, 'events'))) {
      if (month.startsWith('event_month')) await rm(join(lake, 'events', month), { recursive: true });
    }
    const broken = await home.run(['audit']);
    expect([broken.code, broken.stdout]).toEqual([1, '']);
    expect(broken.stderr).toMatch(
      /^error: table electronics\/events: event_month=2020-10\/.* is missing .*\[object:missing\]\n {2}→ /,
    );
    expect(broken.stderr).not.toMatch(/^\s+at /m);

    const reset = await home.run(['reset', '--yes', '--json']);
    expect(JSON.parse(reset.stdout)).toEqual({
      wiped: [expect.stringContaining('local log in'), expect.stringContaining('electronics/')],
    });
    expect(await readdir(join(home.folder, 'home/log'))).toEqual([]);
    expect(JSON.parse((await home.run(['run', '--json', '--file', file])).stdout)).toMatchObject({
      ingest: { outcome: 'ingested' },
      audit: AUDIT,
    });
  }, 60_000);
});
