import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { runCommand } from '../servers/command.ts';
import { ended, Home } from './fixtures.ts';

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
