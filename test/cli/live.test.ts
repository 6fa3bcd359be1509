import { once } from 'node:events';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { waitFor } from '../wait-for.ts';
import { addressOf, ended, Home } from './fixtures.ts';

let home: Home;
beforeAll(async () => {
  home = await Home.create();
});
afterAll(() => rm(home.folder, { recursive: true }));

test('live generates, archives, exports and serves; after Ctrl-C all counts agree', async () => {
  const csv = join(home.folder, 'own.csv');
  const position = () =>
    readFile(`${csv}.position.json`, 'utf8').then(
      (text) => JSON.parse(text) as { rows: number },
      () => ({ rows: 0 }),
    );
  // Servers in the environment are not used: this one does not exist.
  const kafka = { KAFKA_BROKERS: '127.0.0.1:1' };
  const child = home.start(['live', '--rate', '100', '--port', '0', '--csv', csv, '--json'], {
    ...kafka,
    BATCH_SECONDS: '1',
  });
  const end = ended(child);
  const address = await addressOf(child);
  const dataset = await waitFor(() => fetch(`${address}/api/dataset`).then((answer) => answer.json()));
  expect(dataset).toMatchObject({ name: 'co2_live' });
  await waitFor(async () => (await position()).rows > 100);
  const live = await waitFor(
    () =>
      fetch(`${address}/api/live?after=start`).then((answer) => answer.json() as Promise<{ rows: object[] }>),
    ({ rows }) => rows.length === 100,
  );
  expect(live.rows[0]).toMatchObject({ log_offset: '0', city: expect.any(String) });
  child.kill('SIGINT');
  expect(await end).toBe(0);

  const exported = await home.run(['export', 'co2_live', '--csv', csv, '--json']);
  await home.run(['process', 'co2_live']);
  const audit = JSON.parse((await home.run(['audit', 'co2_live', '--json'])).stdout);
  const { totalRows } = JSON.parse(exported.stdout);
  expect(audit).toMatchObject({
    balanced: true,
    file: { rows: totalRows },
    log: { events: totalRows },
    lake: { events: totalRows, rejected: {} },
  });
  const lines = (await readFile(csv, 'utf8')).split('\n');
  expect(lines).toHaveLength(totalRows + 2);
});

test('a port or a file that is in use is said before anything is generated', async () => {
  const used = createServer();
  await once(used.listen(0, '127.0.0.1'), 'listening');
  const { port } = used.address() as AddressInfo;
  const environment = { EVENTLAKE_HOME: join(home.folder, 'unused') };
  const inUse = await home.run(['live', '--port', `${port}`], environment);
  used.close();
  expect(inUse).toMatchObject({ code: 1, stderr: expect.stringContaining('[dashboard:port_in_use]') });
  const csv = join(home.folder, 'foreign.csv');
  await writeFile(csv, 'of somebody else');
  const foreign = await home.run(['live', '--csv', csv, '--port', '0'], environment);
  expect(foreign).toMatchObject({ code: 1, stderr: expect.stringContaining('[csv:no_position]') });
  for (const { stderr } of [inUse, foreign]) expect(stderr).not.toContain('generating');
  const { stdout } = await home.run(['status', 'co2_live', '--json'], environment);
  expect(JSON.parse(stdout)).toMatchObject({ lag: 0, tables: [] });
});

test('what one part cannot do ends all of them', async () => {
  const { code, stderr } = await home.run(['live', '--csv', '/proc/own.csv', '--port', '0']);
  expect(code).toBe(1);
  expect(stderr).toContain('[csv:write_failed]');
  const other = await home.run(['live', 'electronics', '--port', '0']);
  expect(other.code).toBe(2);
  expect(other.stderr).toContain('[generate:usage]');
});
