import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Home } from '../cli/fixtures.ts';
import { type Block, PAGES, place } from './pages.ts';

/** Calls that give an answer of each kind, one after the other on the same embedded stores. */
const CALLS = [
  'check-data',
  'generate --rows 200 --seed 7 --dirty 0.1 --out dirty.csv',
  'generate co2_live --follow --rows 20 --rate 10000',
  'export co2_live',
  'run',
  'ingest --file dirty.csv',
  'process',
  'status',
  'audit',
  'rejected',
  'profile 1515915625519388267',
  'datasets',
  'demo',
  'reset --yes',
];
/** What only servers can answer (no index is published to), and what has tests of its own. */
const ELSEWHERE = ['setup', 'health', 'dashboard', 'report'];

const [COMMANDS] = PAGES.filter(({ path }) => path === 'docs/commands.md');

/** The JSON blocks of docs/commands.md with the command whose usage stands before. */
function documented(): { command: string; block: Block }[] {
  let command = '';
  return (COMMANDS?.blocks ?? []).flatMap((block) => {
    command = /^eventlake ([a-z-]+)/.exec(block.text)?.[1] ?? command;
    return block.language === 'json' ? [{ command, block }] : [];
  });
}

/**
 * Where two documents differ in their members or the types of these; `"…"` stands for anything, and as a name
 * for more members.
 */
function differences(said: unknown, real: unknown, at: string): string[] {
  const isOpen = said === '…' || (typeof said === 'string' && said.startsWith('as of '));
  // A value that may be missing is documented where it is there.
  if (isOpen || said === null || real === null) return [];
  if (Array.isArray(said) && Array.isArray(real)) {
    return real.length === 0
      ? []
      : said.flatMap((one, i) => differences(one, real[Math.min(i, real.length - 1)], `${at}[${i}]`));
  }
  if (typeof said !== typeof real) return [`${at}: a ${typeof said}, really a ${typeof real}`];
  if (typeof said !== 'object' || typeof real !== 'object') return [];
  const [names, given] = [Object.entries(said), Object.entries(real)];
  const find = (name: string) => given.find(([one]) => one === name);
  // Names with a colon or slash are data: reasons and kinds of dirty lines.
  if (names.some(([name]) => /[:/]/.test(name))) {
    return names.flatMap(([name, value]) => differences(value, given[0]?.[1], `${at}.${name}`));
  }
  const isPart = names.some(([name]) => name === '…');
  return [
    ...names.flatMap(([name, value]) => {
      if (name === '…') return [];
      const found = find(name);
      return found ? differences(value, found[1], `${at}.${name}`) : [`${at}.${name} is not there`];
    }),
    ...given
      .filter(([name]) => !isPart && !names.some(([one]) => one === name))
      .map(([name]) => `${at}.${name} is not documented`),
  ];
}

describe('the answers in docs/commands.md', () => {
  let home: Home;
  /** A command has an answer for each form in which it is called. */
  const answers = new Map<string, unknown[]>();
  beforeAll(async () => {
    home = await Home.withData();
    for (const call of CALLS) {
      const args = call.split(' ');
      const { stdout } = await home.run([...args, '--json'], {
        EVENTLAKE_HOME: join(home.folder, '.eventlake'),
      });
      const [command = ''] = args;
      answers.set(command, [...(answers.get(command) ?? []), JSON.parse(stdout)]);
    }
  });
  afterAll(() => rm(home.folder, { recursive: true }));

  test('are of every command', () => {
    const commands = documented().map(({ command }) => command);
    expect([...new Set(commands)].sort()).toEqual([...answers.keys(), ...ELSEWHERE].sort());
  });

  test('have the members and types that the commands answer with', () => {
    const wrong = documented().flatMap(({ command, block }) => {
      const said: unknown = JSON.parse(block.text);
      if (ELSEWHERE.includes(command)) return [];
      const at = `${place(block.page, block.line)} ${command}`;
      const found = (answers.get(command) ?? []).map((answer) => differences(said, answer, at));
      return found.some((one) => one.length === 0) ? [] : found.flat();
    });
    expect(wrong).toEqual([]);
  });
});

test('the rows of the answer of check-data add up', () => {
  const [{ block } = { block: null }] = documented().filter(({ command }) => command === 'check-data');
  const { rows, good, findings } = JSON.parse(block?.text ?? '{}');
  expect(findings.reduce((sum: number, finding: { rows: number }) => sum + finding.rows, 0)).toBe(
    rows - good,
  );
});

test('every JSON block of every page is JSON', () => {
  const wrong = PAGES.flatMap(({ blocks }) => blocks.filter(({ language }) => language === 'json')).filter(
    ({ text }) => {
      try {
        JSON.parse(text);
        return false;
      } catch {
        return true;
      }
    },
  );
  expect(wrong.map(({ page, line }) => place(page, line))).toEqual([]);
});
