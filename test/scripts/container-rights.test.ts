import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';

const PROJECT = resolve(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(PROJECT, file), 'utf8');

test('every container of the stack runs without capabilities and gains no privileges', () => {
  const { services } = parse(read('docker-compose.yml'), { merge: true }) as {
    services: Record<string, unknown>;
  };
  expect(Object.keys(services)).toContain('elasticsearch');
  for (const [name, service] of Object.entries(services)) {
    expect({ name, service }).toMatchObject({
      name,
      service: { cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] },
    });
  }
});

test('only Elasticsearch and Kibana can write to their root file system', () => {
  const { services } = parse(read('docker-compose.yml'), { merge: true }) as {
    services: Record<string, { read_only?: boolean }>;
  };
  const writable = Object.entries(services).filter(([, { read_only: readOnly }]) => readOnly !== true);
  expect(writable.map(([name]) => name)).toEqual(['elasticsearch', 'kibana']);
});

test('the file of digests pins the images of the servers that hold data, at the versions of the stack', () => {
  const images = (file: string) =>
    Object.entries(
      (parse(read(file), { merge: true }) as { services: Record<string, { image?: string }> }).services,
    ).map(([name, { image = '' }]) => [name, image.replace(/\$\{\w+:-(.*)\}/, '$1')] as const);
  const pinned = images('docker-compose.digests.yml');
  expect(pinned.map(([name]) => name)).toEqual([
    'kafka',
    'minio',
    'minio-setup',
    'elasticsearch',
    'postgres',
  ]);
  for (const [name, image] of pinned) {
    expect(image).toMatch(/@sha256:[0-9a-f]{64}$/);
    expect(images('docker-compose.yml')).toContainEqual([name, image.split('@')[0]]);
  }
});

test('the page is published on loopback unless DASHBOARD_HOST says otherwise, and is told on what', () => {
  const { services } = parse(read('docker-compose.yml'), { merge: true }) as {
    services: { dashboard: { ports: object[]; command: string[]; read_only: boolean } };
  };
  const { ports, command, read_only } = services.dashboard;
  expect(ports).toMatchObject([{ host_ip: `\${DASHBOARD_HOST:-127.0.0.1}`, target: 8080 }]);
  expect(command.slice(-2)).toEqual(['--reached-at', `\${DASHBOARD_HOST:-127.0.0.1}`]);
  expect(read_only).toBe(true);
});

test('no other Compose file gives rights back', () => {
  expect(read('docker-compose.codespaces.yml')).not.toMatch(/cap_add|security_opt|cap_drop|privileged/);
});

test('no command of MinIO’s client is given a password as an argument', () => {
  const commands = read('config/minio/setup.sh').match(/\bmc .*/g) ?? [];
  expect(commands.length).toBeGreaterThan(5);
  for (const command of commands) expect(command).not.toMatch(/PASSWORD|SECRET/);
});

test('each action of the workflows is pinned to a commit', () => {
  const actions = [...read('.github/workflows/ci.yml').matchAll(/uses: *(.*)/g)].map(([, action]) => action);
  expect(actions.length).toBeGreaterThan(5);
  for (const action of actions) expect(action).toMatch(/@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
});
