import { once } from 'node:events';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { PipelineAnswer } from '../../dashboard/api.ts';
import { runCommand } from '../servers/command.ts';
import { waitFor } from '../wait-for.ts';
import { addressOf, ended, FILE, Home } from './fixtures.ts';

const MAIN = join(import.meta.dirname, '../../cli/main.ts');
const BARS = /^(ingest|archive|model|publish|audit) +[█░]{24}/;

let home: Home;
beforeAll(async () => {
  home = await Home.withData();
});
afterAll(() => rm(home.folder, { recursive: true }));

/** What `run` writes to a terminal of 100 columns, with the escape sequences. */
async function onTerminal(
  name: string,
  environment: string,
  command = `${process.execPath} -- ${MAIN} run`,
): Promise<string> {
  await writeFile(
    join(home.folder, 'typed.sh'),
    // Node takes the terminal of a CI job for one with few colours.
    `stty cols 100 rows 30\nunset CI\nexport EVENTLAKE_HOME=${join(home.folder, name)} ${environment}\n${command}\n`,
  );
  // A pseudo-terminal of util-linux, without a copy in a file.
  return runCommand('script', ['-qec', 'bash typed.sh', '/dev/null'], { cwd: home.folder });
}

/** An Elasticsearch that accepts requests and never answers. */
async function silentServer() {
  const server = createServer(() => {}).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what a terminal gets
const COLOUR = /\u001b\[\d+m/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what a terminal gets
const CLEAR = /\u001b\[\d+A\u001b\[0J/;

describe('on a terminal', () => {
  test('each stage has a labelled bar, which is full at the end and gone after it', async () => {
    const text = await onTerminal('coloured', 'TERM=xterm-256color');
    expect(text).toMatch(COLOUR);
    expect(text).toContain('\u001b[32m✔ balanced');
    const drawn = text.replaceAll(COLOUR, '').split(CLEAR);
    const lines = drawn.flatMap((screen) => screen.split('\r\n'));
    for (const stage of ['ingest', 'archive', 'model', 'audit']) {
      expect(lines.some((line) => line.startsWith(stage) && BARS.test(line))).toBe(true);
      expect(lines.some((line) => line.startsWith(stage) && line.includes(`${'█'.repeat(24)}  100 %`))).toBe(
        true,
      );
    }
    expect(lines.every((line) => line.length < 100 || !BARS.test(line))).toBe(true);
    const last = drawn.at(-1)?.split('\r\n') ?? [];
    expect(last.filter((line) => BARS.test(line))).toEqual([]);
    expect(last.find((line) => line.startsWith('ingest: '))).toContain('7 rows → 6 events');
  });

  test('NO_COLOR leaves the bars and takes the colours, and a dumb terminal gets neither', async () => {
    const plain = await onTerminal('plain', 'TERM=xterm-256color NO_COLOR=1');
    expect(plain).not.toMatch(COLOUR);
    expect(plain).toMatch(/░{24}/);
    const dumb = await onTerminal('dumb', 'TERM=dumb');
    expect(dumb).not.toContain('\u001b');
    expect(dumb).toContain('7 rows → 6 events');
  });
});

test('process --follow draws the bars of its stages, too', async () => {
  const commits = join(home.folder, 'following/lake/electronics/customer_profiles/_delta_log');
  const main = `${process.execPath} -- ${MAIN}`;
  const text = await onTerminal(
    'following',
    'TERM=xterm-256color',
    [
      `${main} ingest >/dev/null 2>&1`,
      `${main} process --follow & following=$!`,
      `until test -e ${commits}/00000000000000000000.json; do sleep 0.1; done`,
      'sleep 1; kill -INT $following; wait $following',
    ].join('\n'),
  );
  const drawn = text.replaceAll(COLOUR, '').split(CLEAR);
  const lines = drawn.flatMap((screen) => screen.split('\r\n'));
  const full = '█'.repeat(24);
  // Seven lines, one of them a dead letter.
  expect(lines.some((line) => line.startsWith(`archive ${full}  100 %  7 records`))).toBe(true);
  expect(lines.some((line) => line.startsWith(`model   ${full}  100 %`))).toBe(true);
  expect(drawn.at(-1)).not.toMatch(/[█░]/);
}, 180_000);

test('a stage that waits for its server has its bar all the while', async () => {
  const silent = await silentServer();
  const text = await onTerminal(
    'waiting',
    `TERM=xterm-256color ELASTICSEARCH_URL=${silent.url}`,
    // What the terminal shows is in a file, too, so that the run is ended once the bar is seen.
    [
      `script -qefc '${process.execPath} -- ${MAIN} run' shown.txt & running=$!`,
      `until grep -q 'publish *░' shown.txt 2>/dev/null || ! kill -0 $running; do sleep 0.1; done`,
      'kill $running; wait $running',
    ].join('\n'),
  );
  silent.close();
  const lines = text.replaceAll(COLOUR, '').split(/\r?\n/);
  expect(lines.some((line) => /^publish +░{24}/.test(line))).toBe(true);
});

test('elsewhere a stage that takes long says every few seconds how far it is', async () => {
  const silent = await silentServer();
  const child = home.start(['run'], { ELASTICSEARCH_URL: silent.url });
  const end = ended(child);
  let said = '';
  await new Promise<void>((resolve) => {
    child.stderr.on('data', (bytes) => {
      said += bytes;
      if (/^publish: .*\d s$/m.test(said)) resolve();
    });
    end.then(() => resolve());
  });
  child.kill('SIGKILL');
  await end;
  silent.close();
  expect(said).toMatch(/^publish: +\d+\.\d s$/m);
  expect(said).not.toContain('\u001b');
});

describe('the page of another process', () => {
  const environment = { EVENTLAKE_HOME: '' };
  let silent: Awaited<ReturnType<typeof silentServer>>;
  let page: ReturnType<Home['start']>;
  let address: string;
  beforeAll(async () => {
    environment.EVENTLAKE_HOME = join(home.folder, 'watched');
    silent = await silentServer();
    page = home.start(['dashboard', '--port', '0'], environment);
    address = await addressOf(page);
  });
  afterAll(async () => {
    page.kill('SIGKILL');
    await ended(page);
    silent.close();
  });

  /** What runs, as the page shows it, and how far it is. */
  const running = async () => {
    const { hops } = (await (await fetch(`${address}/api/pipeline`)).json()) as PipelineAnswer;
    return hops.filter(({ moving }) => moving).map(({ name, share }) => [name, share]);
  };
  const files = () => readdir(join(environment.EVENTLAKE_HOME, 'progress/electronics'));

  test.each(['SIGTERM', 'SIGKILL'] as const)(
    'shows a stage that waits, until its job ends by %s',
    async (signal) => {
      const job = home.start(['run'], { ...environment, ELASTICSEARCH_URL: silent.url });
      // No store changes meanwhile.
      await waitFor(running, (stages) => JSON.stringify(stages) === '[["publish",null]]');
      const before = await files();
      job.kill(signal);
      await ended(job);
      const wasKilled = signal === 'SIGKILL';
      expect(await files()).toEqual(wasKilled ? before : []);
      await waitFor(running, (stages) => stages.length === 0);
    },
  );

  test('shows how far a job has come, whose first look removes what killed ones left', async () => {
    const left = await files();
    expect(left).toHaveLength(1);
    const [header = '', line = ''] = FILE.split('\n');
    const file = await home.put('long.csv', `${header}\n${`${line}\n`.repeat(200_000)}`);
    // Many commits, so that it takes some seconds.
    const job = home.start(['ingest', '--file', file, '--batch-size', '100'], environment);
    const end = ended(job);
    const stages = await Promise.race([
      waitFor(running, (found) => found.some(([, share]) => share !== null)),
      end.then((code) => Promise.reject(new Error(`it ended with ${code}, and was not seen`))),
    ]);
    expect(stages).toEqual([['ingest', expect.any(Number)]]);
    expect(stages[0]?.[1]).toBeGreaterThan(0);
    expect(stages[0]?.[1]).toBeLessThan(1);
    expect(await files()).not.toEqual(expect.arrayContaining(left));
    await end;
    expect(await files()).toEqual([]);
  });
});
