import { setTimeout as sleep } from 'node:timers/promises';
import { expect, jest } from '@jest/globals';
import type { Random } from '../../generator/random.ts';
import type { AuditReport } from '../../inspection/audit.ts';
import { readLake } from '../oracle/read-lake.ts';
import { type Environment, json, outcomeOf, start } from '../stack/end-to-end-environment.ts';
import { testInBothEnvironments } from './both-environments.ts';
import { commits } from './kills.ts';

jest.setTimeout(600_000);

const KILLS = 3;

testInBothEnvironments(
  'a generator that is killed again and again, $name, numbers its readings without gap or repetition, ends by Ctrl-C, and the audit balances',
  1,
  campaign,
);

async function campaign(environment: Environment, random: Random): Promise<void> {
  const generate = ['generate', 'co2_live', '--follow', '--rate'];
  for (let kill = 0; kill < KILLS; kill++) {
    const child = start(environment, [...generate, '500'], { LOG_FORMAT: 'json' });
    const committed = commits(child, 1 + random.below(2));
    const outcome = outcomeOf(child);
    await committed;
    await sleep(random.below(1200));
    child.kill('SIGKILL');
    expect((await outcome).code).toBeNull();
  }
  const last = await json<{ rows: number; total: number }>(environment, [...generate, '500', '--rows', '40']);
  expect(last.rows).toBe(40);
  expect(last.total).toBeGreaterThan(40 + KILLS);
  const total = last.total + (await endedByHand(environment, [...generate, '0.1', '--json'], last.total));

  await json(environment, ['process', 'co2_live']);
  const audit = await json<AuditReport>(environment, ['audit', 'co2_live']);
  expect(audit).toMatchObject({
    balanced: true,
    file: { rows: total },
    log: { events: total },
    lake: { events: total, duplicates: 0 },
  });
  const lake = { ...environment.lake, uri: environment.lake.uri.replace('electronics', 'co2_live') };
  const ids = await readLake(
    `table = DeltaTable(request['uri'] + '/events', storage_options=request.get('options')).to_pyarrow_table()
print(json.dumps(sorted(table['reading_id'].to_pylist())))`,
    lake,
  );
  expect(ids).toEqual(Array.from({ length: total }, (_, i) => i + 1));
}

/**
 * Ends a generator of a low rate by Ctrl-C, which it hears at once; answers how many readings it has added to
 * those that there were.
 */
async function endedByHand(
  environment: Environment,
  args: readonly string[],
  before: number,
): Promise<number> {
  const child = start(environment, args);
  const outcome = outcomeOf(child);
  await new Promise((resolve) => child.stderr?.once('data', resolve));
  child.kill('SIGINT');
  const { code, stdout } = await outcome;
  expect(code).toBe(0);
  const { rows, total } = JSON.parse(stdout);
  expect(rows).toBeLessThan(2);
  expect(total).toBe(before + rows);
  return rows;
}
