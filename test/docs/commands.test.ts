import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { eventlake } from '../../cli/program.ts';
import { inlineCode, PAGES, place, ROOT } from './pages.ts';

const MAKEFILE = readFileSync(join(ROOT, 'Makefile'), 'utf8');
const TARGETS = new Set(Array.from(MAKEFILE.matchAll(/^([a-z-]+):/gm), ([, target = '']) => target));
const VARIABLES = new Set(Array.from(MAKEFILE.matchAll(/\$\(([A-Z]+)\)/g), ([, name = '']) => name));
const STACK = readFileSync(join(ROOT, 'stack.sh'), 'utf8');
const STACK_COMMANDS = new Set(
  Array.from(STACK.matchAll(/^(?:usage='usage:|) +\.\/stack\.sh ([a-z-]+)/gm), ([, name = '']) => name),
);
const OPTIONS = new Map(
  eventlake().commands.map((command) => [
    command.name(),
    new Set(['--help', ...command.options.map(({ long }) => long ?? '')]),
  ]),
);

const CALL =
  /(?:^|[;&|(] *|\w+=\S* )(npx eventlake|eventlake|npm run --silent eventlake --|\.\/stack\.sh|make) ([^;|&#)]+)/g;

/** What is wrong with one call, as it is typed. */
function faults(program: string, words: readonly string[]): string[] {
  if (program === 'make') return words.flatMap(makeFault);
  const [name = '', ...rest] = words;
  if (/^[<-]|^\.\.\.|^…/.test(name)) return [];
  if (program === './stack.sh' && STACK_COMMANDS.has(name)) return [];
  const options = OPTIONS.get(name);
  if (!options) return [`there is no command ${name}`];
  const given = rest.flatMap((word) => /^[[(]*(--[a-z-]+)/.exec(word)?.[1] ?? []);
  return given.filter((option) => !options.has(option)).map((option) => `${name} has no option ${option}`);
}

function makeFault(word: string): string[] {
  const [, variable] = /^([A-Z]+)=/.exec(word) ?? [];
  if (variable !== undefined)
    return VARIABLES.has(variable) ? [] : [`the Makefile does not read ${variable}`];
  if (/^[-<]/.test(word) || TARGETS.has(word)) return [];
  return [`the Makefile has no target ${word}`];
}

test('every eventlake, make and stack.sh call in code is one that exists, with options that exist', () => {
  const code = PAGES.flatMap((page) => [
    ...inlineCode(page).map(({ line, code: text }) => ({ page: page.path, line, text })),
    ...page.blocks
      .filter(({ language }) => language === '' || language === 'sh')
      .flatMap(({ line, text }) =>
        text
          .split('\n')
          .map((row, i) => ({ page: page.path, line: line + 1 + i, text: row.replace(/ # .*/, '') })),
      ),
  ]);
  const calls = code.flatMap(({ page, line, text }) =>
    [...text.matchAll(CALL)].map(([, program = '', rest = '']) => ({
      page,
      line,
      program,
      words: rest
        .replace(/ (→|…).*$/, '')
        .trim()
        .split(/\s+/),
    })),
  );
  expect(calls.length).toBeGreaterThan(100);
  const wrong = calls.flatMap(({ page, line, program, words }) =>
    faults(program, words).map((what) => `${place(page, line)}: ${program} ${words.join(' ')}: ${what}`),
  );
  expect(wrong).toEqual([]);
});

test('docs/commands.md has every command with every option, and every target of make is in some page', () => {
  const page = readFileSync(join(ROOT, 'docs/commands.md'), 'utf8');
  const missing = eventlake().commands.flatMap((command) => {
    const [, section] = page.split(`\n## ${command.name()}\n`);
    if (section === undefined) return [command.name()];
    const text = section.split('\n## ')[0] ?? '';
    const [usage = ''] = /```[^`]*```/.exec(text) ?? [];
    // Those of all commands stand at the top of the page, those of `ingest` under it.
    const common = ['--json', '--env-file', '--config'];
    const inherited = usage.includes('[options of ingest]') ? (OPTIONS.get('ingest') ?? []) : [];
    const known = new Set([...common, ...inherited]);
    return command.options
      .map(({ long }) => long ?? '')
      .filter(
        (option) =>
          !known.has(option) && !(usage.includes(option) && text.replace(usage, '').includes(option)),
      )
      .map((option) => `${command.name()} ${option}`);
  });
  expect(missing).toEqual([]);
  const text = PAGES.map(({ prose, blocks }) =>
    [...prose, ...blocks.map((block) => block.text)].join('\n'),
  ).join('\n');
  const listed = Array.from(MAKEFILE.matchAll(/^([a-z-]+):.*## /gm), ([, target = '']) => target);
  // A table may name several after one `make`: `make demo`, `run`, `reset`.
  expect(listed.filter((target) => !new RegExp(`make ${target}\\b|\`${target}\``).test(text))).toEqual([]);
});
