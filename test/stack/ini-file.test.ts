import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readIniFile } from '../../config/ini-file.ts';
import { EventlakeError } from '../../core/errors.ts';
import { runCommand } from '../servers/command.ts';

/** Reads many files by Python's ConfigParser; null is one that it refuses. */
const PYTHON = `
import configparser, json, sys
def read(text):
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(text)
    except configparser.Error:
        return None
    return {section: dict(parser.items(section)) for section in parser.sections()}
print(json.dumps([read(text) for text in json.load(sys.stdin)]))`;

const part = fc.constantFrom(
  '=',
  ':',
  ' ',
  ';',
  '#',
  '%',
  '%(a)s',
  '"',
  "'",
  '\\',
  'a',
  'B',
  'key',
  '[x]',
  'ü',
);
const text = fc.array(part, { maxLength: 6 }).map((parts) => parts.join(''));
const line = fc.oneof(
  fc.constantFrom('[remote_kafka]', '[db]', '[x] tail', '', '  ', '# note', '  ; note', '%', '[open = 1'),
  fc
    .tuple(
      fc.constantFrom('', '', ' ', '   '),
      fc.constantFrom('user', 'Host', 'a b'),
      fc.constantFrom('=', ' : '),
      text,
    )
    .map((parts) => parts.join('')),
  fc.tuple(fc.constantFrom(' ', '    '), text).map((parts) => parts.join('')),
);
const content = fc.array(line, { maxLength: 12 }).map((lines) => lines.join('\n'));

test('an INI file is read as by ConfigParser of Python without interpolation', async () => {
  const contents = fc.sample(content, { numRuns: 2000, seed: 20_261_127 });
  const python = process.env.EVENTLAKE_TEST_PYTHON ?? '';
  const input = Buffer.from(JSON.stringify(contents));
  const expected = JSON.parse(await runCommand(python, ['-c', PYTHON], { input }));
  const folder = await mkdtemp(join(tmpdir(), 'ini-file-'));
  const path = join(folder, 'config.ini');
  let refused = 0;
  for (const [i, given] of contents.entries()) {
    await writeFile(path, given);
    const read = readOrNull(path);
    if (read === null) refused += 1;
    expect({ given, read }).toEqual({ given, read: expected[i] });
  }
  await rm(folder, { recursive: true });
  expect(refused).toBeGreaterThan(100);
  expect(refused).toBeLessThan(1900);
});

function readOrNull(path: string) {
  try {
    const sections = readIniFile(path);
    return Object.fromEntries(
      sections.map(({ name, entries }) => [
        name,
        Object.fromEntries(entries.map(({ key, value }) => [key, value])),
      ]),
    );
  } catch (error) {
    if (error instanceof EventlakeError) return null;
    throw error;
  }
}
