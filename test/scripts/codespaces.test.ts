import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';

interface Service {
  mem_limit?: string;
  environment?: Record<string, string>;
  profiles?: string[];
}

const PROJECT = resolve(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(PROJECT, file), 'utf8');
const services = (file: string): Record<string, Service> => parse(read(file), { merge: true }).services;

/** MiB of `768m` or of the default in `${NAME:-768m}`. */
function mebibytes(limit: string | undefined): number {
  const [, size] = /(\d+)m\}?$/.exec(limit ?? '') ?? [];
  if (size === undefined) throw new Error(`no limit in MiB: ${limit}`);
  return Number(size);
}

const usual = services('docker-compose.yml');
const smaller = services('docker-compose.codespaces.yml');

test('a Codespace differs in the memory of servers, and in nothing else', () => {
  for (const [name, service] of Object.entries(smaller)) {
    const { mem_limit, environment = {}, ...others } = service;
    expect(others).toEqual({});
    expect(mebibytes(mem_limit)).toBeLessThan(mebibytes(usual[name]?.mem_limit));
    for (const [variable, value] of Object.entries(environment)) {
      const sizes = /\d+m?/g;
      expect(value).not.toBe(usual[name]?.environment?.[variable]);
      expect(value.replace(sizes, 'N')).toBe(usual[name]?.environment?.[variable]?.replace(sizes, 'N'));
    }
  }
});

test('the servers and one job need less than 4.5 GB of the 8 that a Codespace has', () => {
  const running = Object.entries({ ...usual, ...smaller })
    .filter(
      ([name, service]) => service.mem_limit !== undefined && !/setup$/.test(name) && !usual[name]?.profiles,
    )
    .map(([, service]) => mebibytes(service.mem_limit));
  expect(running.length).toBeGreaterThanOrEqual(4);
  const job = mebibytes(usual.processor?.mem_limit);
  expect(running.reduce((sum, size) => sum + size, job)).toBeLessThan(4.5 * 1024);
});

test('the dev container forwards and labels the ports of .env', () => {
  const container = JSON.parse(read('.devcontainer/devcontainer.json'));
  const env = parseEnv(read('.env'));
  const ports = Object.entries(env).filter(([name]) => name.endsWith('_PORT'));
  expect(Object.keys(container.portsAttributes).sort()).toEqual(ports.map(([, port]) => port).sort());
  for (const { label } of Object.values<{ label: string }>(container.portsAttributes))
    expect(label).toMatch(/^\w/);
  const { KIBANA_PORT, MINIO_CONSOLE_PORT, ELASTICSEARCH_PORT } = env;
  expect(container.forwardPorts).toEqual([KIBANA_PORT, MINIO_CONSOLE_PORT, ELASTICSEARCH_PORT].map(Number));
});
