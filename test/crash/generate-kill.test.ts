import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { Random } from '../../generator/random.ts';
import type { AuditReport } from '../../inspection/audit.ts';
import { readLake } from '../oracle/read-lake.ts';
import {
  type Environment,
  embedded,
  eventlake,
  json,
  outcomeOf,
  realServers,
  start,
} from '../stack/end-to-end-environment.ts';
import { commits } from './kills.ts';

jest.setTimeout(180_000);

const KILLS = 3;

describe.each([
  { name: 'embedded', open: embedded, seed: 1 },
  { name: 'on real servers', open: realServers, seed: 2 },
])('a generator that is killed again and again, $name', ({ open, seed }) => {
  let environment: Environment;
  beforeAll(async () => {
    environment = await open();
  });
  afterAll(async () => {
    await eventlake(environment, ['reset', 'co2_live', '--yes']);
    await environment.remove();
  });

  test('numbers its readings without gap or repetition, and the audit balances', async () => {
    const random = new Random(seed, 0);
    const generate = ['generate', 'co2_live', '--follow', '--rate', '500'];
    for (let kill = 0; kill < KILLS; kill++) {
      const child = start(environment, generate, { LOG_FORMAT: 'json' });
      const committed = commits(child, 1 + random.below(2));
      const outcome = outcomeOf(child);
      await committed;
      await sleep(random.below(1200));
      child.kill('SIGKILL');
      expect((await outcome).code).toBeNull();
    }
    const last = await json<{ rows: number; total: number }>(environment, [...generate, '--rows', '40']);
    expect(last.rows).toBe(40);
    expect(last.total).toBeGreaterThan(40 + KILLS);

    await json(environment, ['process', 'co2_live']);
    const audit = await json<AuditReport>(environment, ['audit', 'co2_live']);
    expect(audit).toMatchObject({
      balanced: true,
      file: { rows: last.total },
      log: { events: last.total },
      lake: { events: last.total, duplicates: 0 },
    });
    const lake = { ...environment.lake, uri: environment.lake.uri.replace('electronics', 'co2_live') };
    const ids = await readLake(
      `table = DeltaTable(request['uri'] + '/events', storage_options=request.get('options')).to_pyarrow_table()
print(json.dumps(sorted(table['reading_id'].to_pylist())))`,
      lake,
    );
    expect(ids).toEqual(Array.from({ length: last.total }, (_, i) => i + 1));
  });

  test('ends at once and cleanly by Ctrl-C, however low the rate', async () => {
    const child = start(environment, ['generate', 'co2_live', '--follow', '--rate', '0.1', '--json']);
    const outcome = outcomeOf(child);
    await new Promise((resolve) => child.stderr?.once('data', resolve));
    child.kill('SIGINT');
    const { code, stdout } = await outcome;
    expect(code).toBe(0);
    const { rows, total } = JSON.parse(stdout);
    const status = await json<{ files: { rows: number }[] }>(environment, ['status', 'co2_live']);
    expect(status.files).toMatchObject([{ file: 'generator', rows: total }]);
    expect(rows).toBeLessThan(2);
  });
});
