import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { tryCommand } from '../servers/command.ts';
import { CREDENTIALS, describeWithDocker, noCompose, PROJECT } from './engine.ts';

interface Service {
  image?: string;
  profiles?: string[];
  healthcheck?: unknown;
  build?: unknown;
  mem_limit?: string;
  networks?: Record<string, unknown>;
  ports?: { host_ip?: string; published?: string }[];
}

const MAIN = 'docker-compose.yml';
const OTHERS = globSync('docker-compose.*.yml', { cwd: PROJECT }).sort();
const CLUSTER = 'docker-compose.kafka-cluster.yml';
const PROFILES = [
  ...new Set(
    [...readFileSync(join(PROJECT, MAIN), 'utf8').matchAll(/profiles: \[(.*)\]/g)].flatMap(([, names = '']) =>
      names.split(',').map((name) => name.trim()),
    ),
  ),
];
const ALWAYS = ['credentials', 'elasticsearch', 'kafka', 'kibana', 'minio', 'minio-setup', 'setup'];

/** Every selection of some of the items. */
const selections = (items: string[]): string[][] =>
  items.reduce<string[][]>((sets, item) => sets.concat(sets.map((set) => [...set, item])), [[]]);

function config(files: string[], profiles: string[], env: Record<string, string>, format: string[]) {
  const args = ['compose', '--env-file', '.env', ...files.flatMap((file) => ['-f', file])];
  for (const profile of profiles) args.push('--profile', profile);
  return tryCommand('docker', [...args, 'config', ...format], { cwd: PROJECT, env });
}

describeWithDocker('docker compose config', await noCompose(), () => {
  const combinations = selections(OTHERS).flatMap((others) =>
    // None, each alone, all: that of each selection would double with every profile. Beside other files, none
    // and all.
    [[], ...(others.length === 0 ? PROFILES.map((profile) => [profile]) : []), PROFILES].map((profiles) => ({
      files: [MAIN, ...others],
      profiles,
    })),
  );

  test('the profiles are those that stack.sh starts and stops', () => {
    const named = readFileSync(join(PROJECT, 'stack.sh'), 'utf8').matchAll(/--profile (\w+)/g);
    expect([...named].map(([, name]) => name)).toEqual(expect.arrayContaining(PROFILES));
    expect(PROFILES).toEqual(expect.arrayContaining(['ingestion', 'processing']));
  });

  describe.each(combinations)('$files, $profiles', ({ files, profiles }) => {
    test('is right, and says nothing', async () => {
      const { status, output } = await config(files, profiles, CREDENTIALS, ['--quiet']);
      expect({ status, output }).toEqual({ status: 0, output: '' });
    });

    test('starts the servers, and what the profiles name', async () => {
      const { stdout } = await config(files, profiles, CREDENTIALS, ['--format', 'json']);
      const services = Object.entries<Service>(JSON.parse(stdout).services);
      const always = services.filter(([, { profiles: own }]) => own === undefined).map(([name]) => name);
      const more = files.includes(CLUSTER) ? ['kafka-2', 'kafka-3'] : [];
      expect(always.sort()).toEqual([...ALWAYS, ...more].sort());
      const started = services.flatMap(([, { profiles: own = [] }]) => own);
      expect(profiles.filter((profile) => !started.includes(profile))).toEqual([]);
      for (const [name, service] of services) {
        // A pinned release, not the newest of the day; our own images are built here.
        expect({ name, image: service.image }).toEqual({
          name,
          image: expect.stringMatching(/:.*\d|^eventlake(-spark)?:local$/),
        });
        expect({ name, limit: service.mem_limit }).toEqual({ name, limit: expect.stringMatching(/^\d+$/) });
        expect({ name, networks: Object.keys(service.networks ?? {}) }).toEqual({
          name,
          networks: ['eventlake'],
        });
        const open = service.ports?.filter(({ host_ip }) => host_ip !== '127.0.0.1') ?? [];
        expect({ name, open }).toEqual({ name, open: [] });
        const checked =
          service.healthcheck !== undefined || service.image === 'eventlake:local' || /-setup$/.test(name);
        expect({ name, checked }).toEqual({ name, checked: true });
      }
    });
  });

  test('a fresh clone has all that it needs, and credentials are on no command line and in no job', async () => {
    const { status, output, stdout } = await config([MAIN], PROFILES, CREDENTIALS, ['--format', 'json']);
    expect({ status, output }).toEqual({ status: 0, output: stdout });
    const services = Object.entries<Service>(JSON.parse(stdout).services);
    const holders = services.filter(([, service]) => JSON.stringify(service).includes('secret-password'));
    expect(holders.map(([name]) => name)).toEqual(['credentials']);
    expect(await config([MAIN], PROFILES, {}, ['--quiet'])).toMatchObject({ status: 0, output: '' });
  });
});
