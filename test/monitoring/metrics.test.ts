import { expect, test } from '@jest/globals';
import { defineMetrics } from '../../monitoring/metrics.ts';
import { projectFile } from './exposition.ts';

test('every metric is in the docs, and the docs name no other', async () => {
  const defined = (await defineMetrics('electronics').registry.getMetricsAsArray())
    .map(({ name }) => name)
    .filter((name) => /^eventlake_/.test(name));
  expect(defined.length).toBeGreaterThan(20);
  const documented = [...projectFile('docs/monitoring.md').matchAll(/^\| `(eventlake_\w+)` \|/gm)];
  expect(documented.map(([, name]) => name)).toEqual(defined);
});
