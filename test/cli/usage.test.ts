import { execFile } from 'node:child_process';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventlake } from '../../cli/program.ts';
import { Home } from './fixtures.ts';

/** The examples at the end of each command's help. */
function helpOfAll(): { name: string; examples: string[] }[] {
  return eventlake().commands.map((command) => {
    let text = '';
    command.configureOutput({ writeOut: (part) => (text += part), getOutHasColors: () => false });
    command.outputHelp();
    const [, after = ''] = text.split('\nExamples:\n');
    return {
      name: command.name(),
      examples: after
        .split('\n')
        .map((line) => line.trim())
        .filter(Boolean),
    };
  });
}

let home: Home;
beforeAll(async () => {
  home = await Home.create();
});
afterAll(() => rm(home.folder, { recursive: true }));

describe('help', () => {
  test('names every command, and every command has its own', async () => {
    const { code, stdout, stderr } = await home.run(['--help']);
    expect([code, stderr]).toEqual([0, '']);
    for (const command of eventlake().commands) {
      const help = command.helpInformation();
      expect(help).toMatch(new RegExp(`^Usage: eventlake ${command.name()} \\[options\\]`));
      for (const option of ['--json', '--env-file', '--config', '--help']) expect(help).toContain(option);
      expect(stdout).toMatch(new RegExp(`^  ${command.name()} `, 'm'));
    }
    expect(await home.run(['profile', '--help'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Usage: eventlake profile \[options\] \[dataset\] <key>/),
      stderr: '',
    });
  });

  test('names the dataset that a command takes by itself', async () => {
    for (const command of ['run', 'process', 'status', 'audit', 'ingest'])
      expect((await home.run([command, '--help'])).stdout).toMatch(/\(default:\s+"electronics"\)/);
  });

  test('marks the options without which a command does not run', async () => {
    const required = eventlake().commands.flatMap((command) =>
      command.options
        .filter(({ description }) => description.includes('(required'))
        .map(({ long }) => `${command.name()} ${long}`),
    );
    expect(required).toEqual(
      expect.arrayContaining(['generate --rows', 'generate --seed', 'generate --out', 'reset --yes']),
    );
    for (const [args, code] of [
      [['generate', 'electronics', '--seed', '1', '--out', 'x.csv'], 'generate:usage'],
      [['reset', 'electronics'], 'reset:not_confirmed'],
    ] as const)
      expect(await home.run(args)).toMatchObject({ code: 2, stderr: expect.stringContaining(code) });
  });

  test('of every command ends with examples, which are calls that the command takes', async () => {
    for (const { name, examples } of helpOfAll()) {
      expect([name, examples.length > 0]).toEqual([name, true]);
      for (const example of examples) {
        const [, called, ...words] = example.split(/\s+/);
        const command = eventlake().commands.find((one) => one.name() === called);
        const { operands, unknown } = command?.parseOptions(words) ?? { operands: [], unknown: [example] };
        expect([example, called, unknown]).toEqual([example, name, []]);
        const most = command?.registeredArguments.some(({ variadic }) => variadic)
          ? Number.POSITIVE_INFINITY
          : (command?.registeredArguments.length ?? 0);
        expect(operands.length).toBeLessThanOrEqual(most);
      }
    }
  });

  test('marks what a command cannot do without, and is bold on a terminal only', async () => {
    const { stdout } = await home.run(['generate', '--help']);
    for (const option of ['--rows <n>', '--seed <n>', '--out <file>'])
      expect(stdout).toMatch(new RegExp(`${option} .*\\(required`));
    expect(stdout).not.toContain('\u001b');
    const { stderr } = await home.run(['generate']);
    expect(stderr).toContain('needs --rows, --seed and --out');
    expect(stderr).toContain('→ Such as: eventlake generate electronics --rows');
  });

  test('is what one gets without a command, as that is none', async () => {
    expect(await home.run([])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(/^Usage: eventlake /),
    });
  });
});

test('the program brings its own Node, from any folder, through a link', async () => {
  const folder = join(home.folder, 'bin');
  await mkdir(folder);
  await writeFile(join(folder, 'node'), '#!/bin/sh\necho an older node >&2\nexit 9\n', { mode: 0o755 });
  await symlink(join(import.meta.dirname, '../../cli/eventlake'), join(folder, 'eventlake'));
  const env = { ...process.env, PATH: `${folder}:/usr/bin:/bin` };
  const { stdout } = await promisify(execFile)('eventlake', ['--version'], { cwd: home.folder, env });
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

/** Commands that must end with `code`, saying `message` and nothing on standard output. */
async function expectComplaints(
  code: number,
  cases: readonly (readonly [args: string, message: RegExp])[],
  environment: Record<string, string> = {},
) {
  const left = await home.runAll(
    cases.map(([args]) => args.split(' ')),
    environment,
  );
  for (const [i, { code: actual, stdout, stderr }] of left.entries()) {
    const [args, message] = cases[i] ?? ['', /never/];
    expect([args, actual, stdout, stderr]).toEqual([args, code, '', expect.stringMatching(message)]);
    expect(stderr).toMatch(/^error: /m);
    expect(stderr).not.toMatch(/^\s+at |node:internal|fault of eventlake/m);
  }
}

describe('wrong usage', () => {
  test('ends with 2, says what is wrong, and shows no stack', async () => {
    await expectComplaints(2, [
      ['nothing', /unknown command 'nothing'/],
      ['status --nothing', /unknown option '--nothing'/],
      [
        'status nothing',
        /There is no dataset "nothing": .*nothing\/dataset\.yml.*\[dataset:unknown\]\n {2}→ .*EVENTLAKE_DATASETS/s,
      ],
      ['ingest --limit 0', /'--limit <rows>' argument '0' is invalid. It must be a whole number above 0/],
      ['profile', /Whose profile\? .*\[profile:no_key\]/],
      [
        'reset',
        /This would delete for good:\n {2}local log in .*\/home\/log\/electronics\n {2}.*electronics\/ \[reset:not_confirmed\]\n {2}→ .*--yes/,
      ],
      [
        'status --env-file none.env',
        /The env file none\.env cannot be read: ENOENT.* \[settings:no_env_file\]\n {2}→ Correct its name/,
      ],
      ['--env-file none.env status', /The env file none\.env cannot be read: .* \[settings:no_env_file\]/],
      [
        'status --config none.ini',
        /The config file none\.ini cannot be read: ENOENT.* \[settings:no_env_file\]/,
      ],
    ]);
  }, 60_000);

  test('of settings names the variable and keeps its secret', async () => {
    const environment = {
      MINIO_ENDPOINT: 'http://localhost:9',
      MINIO_SECRET_KEY: 'hunter2',
      BATCH_ROWS: 'many',
    };
    const { code, stdout, stderr } = await home.run(['status'], environment);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(
      'MINIO_ACCESS_KEY is missing, though MINIO_ENDPOINT and MINIO_SECRET_KEY is set',
    );
    expect(stderr).toContain('BATCH_ROWS must be a whole number (it is "many")');
    expect(stderr).not.toContain('hunter2');
  });

  test('of an env file is seen, and what is set in the environment wins', async () => {
    const file = await home.put(
      'some.env',
      `EVENTLAKE_HOME=${join(home.folder, 'from file')}\nLOG_LEVEL=shout\n`,
    );
    expect(await home.run(['status', '--env-file', file])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('LOG_LEVEL must be'),
    });
    const { code, stdout } = await home.run(['--json', '--env-file', file, 'status'], { LOG_LEVEL: 'info' });
    expect([code, JSON.parse(stdout).log]).toEqual([0, expect.stringContaining(join(home.folder, 'home'))]);
  });

  test('is a home in which nothing can be written', async () => {
    const inFile = join(await home.put('file', ''), 'home');
    await expectComplaints(2, [['status', /EVENTLAKE_HOME: cannot write to .*\[settings:bad_home\]/]], {
      EVENTLAKE_HOME: inFile,
    });
    await expectComplaints(2, [['run', /EVENTLAKE_HOME: cannot write to .*\[settings:bad_home\]/]], {
      EVENTLAKE_HOME: '/proc/x',
    });
  });
});

describe('failures', () => {
  test('end with 1, say what to do, and show no stack', async () => {
    await home.put('narrow.csv', 'user_id,price\n1,2\n');
    const noFile =
      /There is no file data\/electronics\.csv \[ingest:no_file\]\n {2}→ Save it as data\/electronics\.csv, or name another with --file\. .*kaggle/;
    await expectComplaints(1, [
      ['ingest', noFile],
      ['run', noFile],
      [
        'run --file narrow.csv',
        /narrow\.csv: the header lacks the required columns event_time, event_type, product_id, category_id/,
      ],
      ['profile 5', /There is no profile of user_id 5 \[profile:unknown\]/],
    ]);
  }, 60_000);

  test('of a server that is not there name its address, for any command', async () => {
    const nowhere = /Kafka at 127\.0\.0\.1:1 cannot be reached: .*\[log:unreachable\]/;
    await home.put('header.csv', 'event_time,event_type,product_id,category_id,price,user_id\n');
    await expectComplaints(
      1,
      [
        ['ingest --file header.csv', nowhere],
        ['process', nowhere],
        ['process --follow', nowhere],
        ['run --file header.csv', nowhere],
        ['status', nowhere],
        ['audit', nowhere],
        ['reset --yes', nowhere],
      ],
      { KAFKA_BROKERS: '127.0.0.1:1' },
    );
  }, 120_000);
});
