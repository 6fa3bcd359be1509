import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Home } from '../cli/fixtures.ts';
import { homeOfCum, runCum } from './cum.ts';

const ROWS = 'ts,user_id,n\n2024-01-01T00:00:00Z,a,1\n';

let home: Home;
beforeAll(async () => {
  home = await homeOfCum();
});
afterAll(() => rm(home.folder, { recursive: true }));

test.each([
  ['a line that names the separator', `sep=,\n${ROWS}`],
  ['other case in the header', ROWS.replace('ts,user_id,n', 'TS,User_ID,N')],
  ['spaces in the header', ROWS.replace('ts,user_id,n', 'ts, user_id, n')],
])('a file with %s is read', async (what, content) => {
  const name = `${what}.csv`;
  await home.put(name, content);
  const { code, stdout } = await runCum(home, ['check-data', 'cum', '--file', name]);
  expect([code, stdout]).toEqual([0, expect.stringContaining('1 rows pass, 0 will be rejected')]);
});

test.each([
  ['semicolons', Buffer.from(ROWS.replaceAll(',', ';')), 'separated by ";"', 'Set source.delimiter to ";"'],
  ['pipes', Buffer.from(ROWS.replaceAll(',', '|')), 'separated by "|"', 'Set source.delimiter to "|"'],
  ['tabs', Buffer.from(ROWS.replaceAll(',', '\t')), 'separated by "\\t"', 'Set source.delimiter to "\\t"'],
  ['UTF-16', Buffer.from(`\ufeff${ROWS}`, 'utf16le'), 'is UTF-16', 'Set source.encoding to utf-16le'],
  ['UTF-16 unmarked', Buffer.from(ROWS, 'utf16le'), 'is UTF-16', 'Set source.encoding to utf-16le'],
  ['JSON', Buffer.from('{"ts":"2024-01-01T00:00:00Z","user_id":"a","n":1}\n'), 'holds JSON', 'to ndjson'],
])('of a file with %s the message names the cause and the setting', async (what, content, cause, setting) => {
  const name = `${what}.csv`;
  await writeFile(join(home.folder, name), content);
  for (const command of ['check-data', 'ingest']) {
    const { code, stderr } = await runCum(home, [command, 'cum', '--file', name]);
    expect(code).toBe(1);
    expect(stderr).toContain(cause);
    expect(stderr).toContain(setting);
    expect(stderr).not.toContain('\0');
  }
});

test('of a file in Windows-1252 the rows beyond ASCII are rejected, and the reason says the encoding', async () => {
  await writeFile(
    join(home.folder, 'latin1.csv'),
    Buffer.from('ts,user_id,note\n2024-01-01T00:00:00Z,a,café\n', 'latin1'),
  );
  const { code, stdout } = await runCum(home, ['check-data', 'cum', '--file', 'latin1.csv']);
  expect([code, stdout]).toEqual([0, expect.stringContaining('line:invalid_utf8')]);
});
