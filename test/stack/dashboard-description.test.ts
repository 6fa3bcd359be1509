import { spawn } from 'node:child_process';
import { appendFile, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Shown, SMALL } from '../dashboard/fixtures.ts';
import { pythonFolder } from '../servers/python.ts';

const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_schema_conformance',
];

/** Values that are there, for half of the requests: of made up ones nearly all are rejected. */
const KNOWN = `
[dictionaries]
ids = { values = ["1", "3", "1515915625519388267"] }
tables = { values = ["events", "rejected", "customer_profiles"] }
cursors = { values = ["start"] }
columns = { values = ["event_type", "brand", "price"] }
reports = { values = ["segments"] }
queries = { values = ["SELECT * FROM events", "SELECT 1.5, NULL, DATE '2020-10-31', [1], true", "SELECT", "SELECT * FROM nothing"] }

[parameters]
"path.id" = { dictionary = "ids", probability = 0.5 }
"query.after" = { dictionary = "cursors", probability = 0.5 }
"query.by" = { dictionary = "columns", probability = 0.5 }
"query.value" = { dictionary = "columns", probability = 0.5 }
"path.report" = { dictionary = "reports", probability = 0.5 }
"path.table" = { dictionary = "tables", probability = 0.5 }
"body.sql" = { dictionary = "queries", probability = 0.5 }
`;

/** A CSV file as the export writes it, with one row. */
const EXPORTED = (names: readonly string[]) =>
  `${names.join(',')}\n${[new Date().toISOString(), 'view', 7, 2144415922528452, '', 'x', '5.00', 1, '', 0, 0]}\n`;

const REPORT = `-- The customers of each segment.
-- chart: customers by segment
SELECT segment, count(*) AS customers FROM customer_profiles
WHERE first_seen <= $date GROUP BY segment ORDER BY segment COLLATE "C"
`;

/** Electronics, with a report. */
async function datasetWithReport(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'description-'));
  const of = join(folder, 'electronics');
  await cp(join(import.meta.dirname, '../../config/datasets/electronics'), of, { recursive: true });
  await mkdir(join(of, 'reports'));
  await writeFile(join(of, 'reports', 'segments.sql'), REPORT);
  await appendFile(join(of, 'dataset.yml'), 'reports: { table: customer_profiles, day: first_seen }\n');
  return folder;
}

let datasets: string;
let shown: Shown;
let address: string;
let python: string;
/** By route, the statuses that it answered with. */
const answered = new Map<string, Set<number>>();
beforeAll(async () => {
  python = join(await pythonFolder('schemathesis', 'schemathesis-requirements.txt'), 'bin', 'python');
  datasets = await datasetWithReport();
  process.env.EVENTLAKE_DATASETS = datasets;
  const live = { by: ['event_type', 'brand'], values: ['price'] };
  shown = await Shown.open({ milliseconds: 2000, change: (dataset) => ({ ...dataset, live }) });
  await shown.run(SMALL);
  const names = [...shown.session.dataset.columns.map(({ name }) => name), 'log_partition', 'log_offset'];
  await mkdir(join(shown.home, 'home', 'data'));
  await writeFile(join(shown.home, 'home', 'data', 'electronics.csv'), EXPORTED(names));
  await writeFile(
    join(shown.home, 'home', 'data', 'electronics.csv.position.json'),
    JSON.stringify({ bytes: EXPORTED(names).length, log: '', next: {}, rows: 1, rejected: 0 }),
  );
  const { server } = shown.dashboard;
  server.addHook('onResponse', async ({ routeOptions: { url = '' } }, { statusCode }) => {
    answered.set(url, (answered.get(url) ?? new Set()).add(statusCode));
  });
  address = await server.listen({ host: '127.0.0.1', port: 0 });
}, 600_000);
afterAll(async () => {
  await shown.close();
  await rm(datasets, { recursive: true });
});

test('requests made up from the description are answered as it says, never with 500', async () => {
  const settings = join(shown.home, 'schemathesis.toml');
  await writeFile(settings, KNOWN);
  const options = [
    '--max-examples',
    '4',
    '--seed',
    '1',
    '--no-color',
    '--phases',
    'examples,coverage,fuzzing',
  ];
  // A stream never ends.
  const skipped = ['--exclude-path', '/api/pipeline/stream'];
  const child = spawn(
    python,
    [
      '-m',
      'schemathesis.cli',
      '--config-file',
      settings,
      'run',
      `${address}/openapi.json`,
      '--checks',
      CHECKS.join(','),
      ...options,
      ...skipped,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'], cwd: shown.home, env: { PATH: process.env.PATH } },
  );
  const ended = new Promise((resolve) => child.on('close', resolve));
  const output = await text(child.stdout);
  const code = await ended;
  expect({ code, output: code === 0 ? '' : output }).toEqual({ code: 0, output: '' });
  expect(Number(/(\d+) generated, \d+ passed/.exec(output)?.[1])).toBeGreaterThan(500);
  const { paths } = (await shown.ask<{ paths: object }>('/openapi.json')).body;
  const never = Object.keys(paths)
    .map((path) => path.replaceAll(/\{(\w+)\}/g, ':$1'))
    .filter((route) => route !== '/api/pipeline/stream' && !answered.get(route)?.has(200));
  expect(never).toEqual([]);
}, 300_000);

test('what cannot be read as a request is answered with a problem, too', async () => {
  const { port } = new URL(address);
  const send = async (request: string) => {
    const socket = connect(Number(port), '127.0.0.1');
    socket.write(request);
    const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n');
    return { head, body: JSON.parse(body) };
  };
  const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;
  const requests: [string, RegExp][] = [
    [get(`/api/overview?brand=${'x'.repeat(20_000)}`), /^HTTP\/1\.1 431 /],
    [get('/api/entities/%E0%A4%A'), /^HTTP\/1\.1 400 /],
    [get(`/api/entities/${'1'.repeat(1001)}`), /^HTTP\/1\.1 400 /],
    ['nonsense\r\n\r\n', /^HTTP\/1\.1 400 /],
  ];
  for (const [request, status] of requests) {
    const { head, body } = await send(request);
    expect(head).toMatch(status);
    expect(head).toMatch(/content-type: application\/json/i);
    expect(head).toMatch(/x-content-type-options: nosniff/i);
    expect(body).toMatchObject({
      error: { code: 'request:invalid', message: expect.stringMatching(/./) },
    });
    expect(Object.keys(body.error).sort()).toEqual(['code', 'hint', 'message']);
  }
}, 60_000);
