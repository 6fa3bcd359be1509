import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { pythonFolder } from '../../services/python.ts';
import { Shown, SMALL } from '../dashboard/fixtures.ts';

const CHECKS = 'not_a_server_error';

let shown: Shown;
let address: string;
let python: string;
beforeAll(async () => {
  python = join(await pythonFolder('schemathesis', 'schemathesis-requirements.txt'), 'bin', 'python');
  shown = await Shown.open({ milliseconds: 2000 });
  await shown.run(SMALL);
  address = await shown.dashboard.server.listen({ host: '127.0.0.1', port: 0 });
}, 600_000);
afterAll(() => shown.close());

test('requests made up from the description are never answered with 500', async () => {
  const options = [
    '--checks',
    CHECKS,
    '--max-examples',
    '10',
    '--seed',
    '1',
    '--no-color',
    '--max-time',
    '90',
  ];
  // A stream never ends.
  const child = spawn(
    python,
    [
      '-m',
      'schemathesis.cli',
      'run',
      `${address}/openapi.json`,
      '--exclude-path',
      '/api/pipeline/stream',
      ...options,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'], cwd: shown.home, env: { PATH: process.env.PATH } },
  );
  const ended = new Promise((resolve) => child.on('close', resolve));
  const output = await text(child.stdout);
  const code = await ended;
  expect({ code, output: code === 0 ? '' : output }).toEqual({ code: 0, output: '' });
  expect(Number(/(\d+) generated, \d+ passed/.exec(output)?.[1])).toBeGreaterThan(200);
}, 300_000);
