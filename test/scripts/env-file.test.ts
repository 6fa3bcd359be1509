import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { readSettings } from '../../config/settings.ts';

const PROJECT = resolve(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(PROJECT, file), 'utf8');

const ENV = read('.env');
/** Every setting of .env with its value, also those that are commented out. */
const SETTINGS = new Map(
  [...ENV.matchAll(/^#?([A-Z_]+)=(.*)$/gm)].map((match) => [match[1] ?? '', match[2] ?? '']),
);

/** `${NAME:-default}` and its kin in the compose files; `default` is undefined for the other kinds. */
const COMPOSE_VARIABLES = readdirSync(PROJECT)
  .filter((file) => /^docker-compose.*\.yml$/.test(file))
  .flatMap((file) =>
    [...read(file).matchAll(/\$\{([A-Z_]+)(?::-([^}]*))?[^}]*\}/g)].map((match) => ({
      file,
      name: match[1] ?? '',
      fallback: match[2],
    })),
  );

describe('.env', () => {
  test('has every setting of the command line, of the stack and of setup-environment.sh, and no other', () => {
    const commandLine = [...read('config/settings.ts').matchAll(/^ {2}([A-Z_]+): /gm)].map(
      (match) => match[1],
    );
    expect(commandLine).toContain('KAFKA_SASL_MECHANISM');
    const scripts = ['MINIO_CONSOLE_URL', 'ELASTICSEARCH_PUBLIC_URL', 'COMPOSE_FILE', 'PROMETHEUS_PORT'];
    for (const name of scripts)
      expect(read('setup-environment.sh') + read('configure-ports.sh')).toContain(name);
    const wanted = new Set([...commandLine, ...COMPOSE_VARIABLES.map(({ name }) => name), ...scripts]);
    expect([...SETTINGS.keys()].sort()).toEqual([...wanted].sort());
  });

  test('has the same settings as docs/settings.md', () => {
    const [before = ''] = read('docs/settings.md').split('## For the tests only');
    const rows = before.split('\n').filter((line) => /^\| `[A-Z]/.test(line));
    const named = rows.flatMap((row) => row.split('|')[1]?.match(/[A-Z_]{2,}/g) ?? []);
    expect([...new Set(named)].sort()).toEqual([...SETTINGS.keys()].sort());
  });

  test('explains each in the line above it', () => {
    const lines = ENV.split('\n');
    const unexplained = lines.filter(
      (line, i) => /^#?[A-Z_]+=/.test(line) && !/^# [A-Z].{10,}\.$/.test(lines[i - 1] ?? ''),
    );
    expect(unexplained).toEqual([]);
    expect(ENV.match(/^#?[A-Z_]+=/gm)).toHaveLength(SETTINGS.size);
  });

  test('as it stands leaves the command line embedded, with its own defaults', () => {
    expect(readSettings(parseEnv(ENV))).toEqual(readSettings({}));
  });

  test('has no password', () => {
    for (const [name, value] of SETTINGS) {
      if (/PASSWORD|SECRET|_USER|ACCESS_KEY/.test(name)) expect({ name, value }).toEqual({ name, value: '' });
    }
  });

  test('shows the defaults of docker-compose.yml, and tells those that Codespaces have', () => {
    for (const { file, name, fallback } of COMPOSE_VARIABLES) {
      if (!fallback || fallback === SETTINGS.get(name)) continue;
      expect({ file, name }).toEqual({ file: 'docker-compose.codespaces.yml', name });
      expect(ENV).toMatch(new RegExp(`^# .*in Codespaces ${fallback}\\.$\n#${name}=`, 'm'));
    }
  });
});

test('every file that COMPOSE_FILE may name exists', () => {
  const named = new Set(read('setup-environment.sh').match(/docker-compose[a-z.]*\.yml/g));
  expect([...named].filter((file) => !existsSync(join(PROJECT, file)))).toEqual([]);
  expect(named.size).toBe(2);
});
