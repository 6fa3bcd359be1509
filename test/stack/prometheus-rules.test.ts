import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { defineMetrics } from '../../monitoring/metrics.ts';
import { metricNames, projectFile } from '../monitoring/exposition.ts';
import { tryCommand } from '../servers/command.ts';
import { installPromtool } from '../servers/promtool.ts';

const FOLDER = 'config/prometheus';
const ALERTS = projectFile(`${FOLDER}/alerts.yml`);
const alerts = [...ALERTS.matchAll(/- alert: (\w+)/g)].map(([, name]) => name);

describe('the rules of Prometheus', () => {
  let promtool: string;
  beforeAll(async () => {
    promtool = await installPromtool();
  }, 600_000);
  const run = (...args: string[]) =>
    tryCommand(promtool, args, { cwd: join(import.meta.dirname, '../..', FOLDER) });

  test('are ones that it takes, and so is its configuration', async () => {
    expect(await run('check', 'config', '--lint=all', '--lint-fatal', 'prometheus.yml')).toMatchObject({
      status: 0,
    });
  });

  test('raise each alert when they should, and not before', async () => {
    const { status, output } = await run('test', 'rules', 'alerts.test.yml');
    expect({ status, output }).toMatchObject({ status: 0, output: expect.stringContaining('SUCCESS') });
  });

  test('are all tested, one way and the other', () => {
    interface RuleTests {
      tests: { alert_rule_test?: { alertname: string; exp_alerts?: unknown[] }[] }[];
    }
    const { tests } = parse(projectFile(`${FOLDER}/alerts.test.yml`)) as RuleTests;
    const expectations = tests.flatMap((story) => story.alert_rule_test ?? []);
    const of = (raised: boolean) => [
      ...new Set(
        expectations.filter((one) => Boolean(one.exp_alerts) === raised).map((one) => one.alertname),
      ),
    ];
    expect(of(true).sort()).toEqual([...alerts].sort());
    expect(of(false).sort()).toEqual([...alerts].sort());
  });

  test('name metrics that there are', async () => {
    const defined = (await defineMetrics('electronics').registry.getMetricsAsArray()).map(({ name }) => name);
    const named = metricNames(ALERTS.replaceAll('eventlake:lag_offsets:sum', ''));
    expect([...named].filter((name) => !defined.includes(name))).toEqual([]);
    expect(named.size).toBeGreaterThan(7);
  });

  test('are described in the docs, each alert in a row', () => {
    const rows = [...projectFile('docs/monitoring.md').matchAll(/^\| `(Eventlake\w+)` \|/gm)];
    expect(rows.map(([, name]) => name)).toEqual(alerts);
  });
});
