import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Machine } from './machine.ts';

const CODESPACE = { CODESPACES: 'true', CODESPACE_NAME: 'fluffy-disco-x5' };
const BY_HAND = 'Set it by hand: PORTS tab, right click on the port, Port Visibility';
const NOT_FORWARDED =
  'error updating port 9200 to private: error getting tunnel port: error sending get tunnel port request: unsuccessful request, response: 404 Not Found\n';

let machine: Machine;
beforeEach(async () => {
  machine = await Machine.create();
});
afterEach(async () => {
  await machine.remove();
});

const port = (name: string) => machine.ports[name] ?? 0;
const call = (name: string, visibility: string) =>
  `codespace ports visibility ${port(name)}:${visibility} -c fluffy-disco-x5`;
const configure = (args: string[] = [], env: Record<string, string> = CODESPACE) =>
  machine.run('configure-ports.sh', args, env);

/** A `gh` that does as it is told, but for what `failures` says. */
function gh(failures: Record<string, string> = {}): void {
  const answers = Object.keys(machine.ports).flatMap((name) =>
    ['private', 'org', 'public'].map((visibility) => {
      const error = failures[name];
      return [call(name, visibility), error === undefined ? {} : { error, status: 1 }] as const;
    }),
  );
  machine.fake('gh', Object.fromEntries(answers));
}

const EVERY_PORT = [
  'KIBANA_PORT',
  'MINIO_CONSOLE_PORT',
  'ELASTICSEARCH_PORT',
  'MINIO_PORT',
  'KAFKA_PORT',
  'PROMETHEUS_PORT',
  'DASHBOARD_PORT',
  'WAREHOUSE_PORT',
  'SPARK_UI_PORT',
  'SPARK_CONNECT_PORT',
];

test.each([[[]], [['private']]])('%j closes every port of the stack', async (args: string[]) => {
  gh();
  const { status, error, out } = await configure(args);
  expect({ status, error }).toEqual({ status: 0, error: [] });
  expect(machine.calls('gh')).toEqual(EVERY_PORT.map((name) => call(name, 'private')));
  expect(Object.keys(machine.ports).sort()).toEqual([...EVERY_PORT].sort());
  expect(out[0]).toBe(`ok       port ${port('KIBANA_PORT')} (Kibana) is private`);
});

test.each([
  ['org', 'everybody in your organization'],
  ['public', 'everybody who has the address'],
])('%s opens Kibana and the console of MinIO only, and warns', async (visibility, who) => {
  gh();
  const { status, error } = await configure([visibility]);
  expect({ status, error }).toEqual({
    status: 0,
    error: [
      `warning  ${who} can read, change and delete what Kibana shows, which asks for no login. To undo: ./configure-ports.sh`,
    ],
  });
  expect(machine.calls('gh')).toEqual([
    call('KIBANA_PORT', visibility),
    call('MINIO_CONSOLE_PORT', visibility),
  ]);
});

test('the ports are those of .env.local', async () => {
  machine.write('.env.local', 'KIBANA_PORT=5699\n');
  machine.ports.KIBANA_PORT = 5699;
  gh();
  await configure(['public']);
  expect(machine.calls('gh')[0]).toBe('codespace ports visibility 5699:public -c fluffy-disco-x5');
});

test('a port that is not forwarded is private already, and cannot be made public', async () => {
  gh({ ELASTICSEARCH_PORT: NOT_FORWARDED, KIBANA_PORT: NOT_FORWARDED });
  const closed = await configure();
  expect(closed).toMatchObject({ status: 0, error: [] });
  expect(closed.out).toContain(
    `ok       port ${port('ELASTICSEARCH_PORT')} (Elasticsearch) is not forwarded, so nobody reaches it`,
  );
  const opened = await configure(['public']);
  expect(opened.status).toBe(1);
  expect(opened.error[1]).toBe(
    `problem  port ${port('KIBANA_PORT')} (Kibana) is not public: it is not forwarded yet; run make start first. ${BY_HAND}`,
  );
});

test('what gh complains of is shown, and the other ports are still set', async () => {
  gh({ KIBANA_PORT: 'HTTP 403: Resource not accessible\nby integration' });
  const { status, error, out } = await configure();
  expect(status).toBe(1);
  expect(error).toEqual([
    `problem  port ${port('KIBANA_PORT')} (Kibana) is not private: HTTP 403: Resource not accessible by integration. ${BY_HAND}`,
  ]);
  expect(out).toHaveLength(EVERY_PORT.length - 1);
});

test.each([[[]], [['public']]])('outside of a Codespace %j has nothing to do', async (args: string[]) => {
  gh();
  expect(await configure(args, {})).toEqual({
    status: 0,
    out: [
      'Nothing to configure: this is not a Codespace, and the ports are open on this machine alone (127.0.0.1).',
    ],
    error: [],
  });
  expect(machine.calls('gh')).toEqual([]);
});

test('without gh it says how to get it, and how to do without', async () => {
  expect(await configure()).toEqual({
    status: 1,
    out: [],
    error: [
      `problem  gh, the GitHub CLI, is missing: install it, https://cli.github.com, and run this again. ${BY_HAND}`,
    ],
  });
});

test('without the name of the Codespace it asks gh for nothing', async () => {
  gh();
  expect(await configure([], { CODESPACES: 'true' })).toEqual({
    status: 1,
    out: [],
    error: [`problem  CODESPACE_NAME is not set, so gh cannot be told which Codespace this is. ${BY_HAND}`],
  });
  expect(machine.calls('gh')).toEqual([]);
});

test.each([[['everyone']], [['public', 'private']]])('%j is wrong usage', async (args: string[]) => {
  gh();
  const { status, error } = await configure(args);
  expect({ status, first: error[0] }).toEqual({ status: 2, first: expect.stringMatching(/^usage: /) });
  expect(machine.calls('gh')).toEqual([]);
});
