import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { AuditReport } from '../../inspection/audit.ts';
import { askOracle } from '../oracle/compare.ts';
import { askIndex, type Environment, eventlake, json, realServers } from './end-to-end-environment.ts';

jest.setTimeout(120_000);

let environment: Environment;

beforeAll(async () => {
  environment = await realServers();
  await json(environment, ['generate', '--rows', '2000', '--seed', '4', '--out', 'a.csv']);
  await json(environment, ['run', '--file', 'a.csv']);
});
afterAll(() => environment.remove());

const ask = (method: string, path: string, body?: object) => askIndex(environment, method, path, body);

test('documents changed by hand are named by the audit, and republishing repairs them', async () => {
  const found = await ask('POST', '_search', { size: 3, sort: ['user_id'] });
  const ids: string[] = found.hits.hits.map((hit: { _id: string }) => hit._id);
  await ask('POST', `_update/${ids[0]}`, { doc: { total_spent: 123456.5 } });
  await ask('DELETE', `_doc/${ids[1]}`);
  await ask('PUT', '_doc/stranger?refresh=true', { user_id: 'stranger' });

  const expected = [ids[0], ids[1], 'stranger'].sort().join(', ');
  for (let round = 0; round < 2; round++) {
    const audit = await json<AuditReport>(environment, ['audit'], 3);
    expect(audit).toMatchObject({ balanced: false, index: { differing: 3 } });
    expect(audit.differences).toEqual([
      expect.stringContaining(`3 of ${audit.profiles.users} differ (${expected})`),
    ]);
    // Its version is shown already.
    expect(await eventlake(environment, ['process'])).toMatchObject({ code: 0 });
  }

  const { publish } = await json<{ publish: object }>(environment, ['process', '--republish']);
  expect(publish).toMatchObject({ outcome: 'published', version: '0' });
  expect(await json<AuditReport>(environment, ['audit'])).toMatchObject({ index: { differing: 0 } });
  const ingestions = [{ file: join(environment.folder, 'a.csv'), name: 'a.csv' }];
  const { lake, index } = environment;
  expect((await askOracle({ ingestions, partitions: 4, lake, index })).differences).toEqual([]);
});
