import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { parseDataset } from '../../config/dataset/parse.ts';
import { UsageError } from '../../core/errors.ts';

const numRuns = Number(process.env.FUZZ_RUNS ?? 100);
const seed = Number(process.env.FUZZ_SEED ?? 8);
const datasets = join(import.meta.dirname, '..', '..', 'config', 'datasets');
const text = readFileSync(join(datasets, 'electronics', 'dataset.yml'), 'utf8');

/** A dataset, or `dataset:invalid`; anything else would be shown to a user with a stack trace. */
function expectAnswer(file: string): void {
  try {
    parseDataset(file, 'fuzz.yml');
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    expect(error).toMatchObject({ code: 'dataset:invalid', message: expect.stringContaining('fuzz.yml') });
  }
}

/** What YAML gives a meaning to, and what other programs write. */
const PIECES = [
  '&a',
  '*a',
  '<<: *a',
  '!!binary',
  '!x',
  '|',
  '>',
  '? ',
  '- ',
  ': ',
  '{',
  '}',
  '[',
  ']',
  '"',
  "'",
  '#',
  '---',
  '...',
  '\t',
  '\0',
  '\uFEFF',
  '%YAML 9',
  '.inf',
  '-0',
  '1e999',
  '~',
  '0x10',
  '2020-01-01',
  '__proto__',
  'constructor',
];
const piece = fc.oneof(fc.constantFrom(...PIECES), fc.string({ unit: 'binary', maxLength: 8 }));

test('a text of anything is a dataset or dataset:invalid', () => {
  const anything = fc.array(fc.oneof(piece, fc.constant('\n'), fc.constant('  ')), { maxLength: 40 });
  fc.assert(
    fc.property(anything, (pieces) => expectAnswer(pieces.join(''))),
    { numRuns, seed },
  );
});

test('a dataset file with pieces cut out or put in is a dataset or dataset:invalid', () => {
  const edit = fc.record({ at: fc.nat(text.length), cut: fc.nat(30), put: piece });
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
      let file = text;
      for (const { at, cut, put } of edits) file = file.slice(0, at) + put + file.slice(at + cut);
      expectAnswer(file);
    }),
    { numRuns, seed },
  );
});

test('a dataset file with any value at any of its keys is a dataset or dataset:invalid', () => {
  const keys = [
    'name',
    'columns',
    'key',
    'time',
    'entity',
    'models',
    'publish',
    'overview',
    'source',
    'type',
    'format',
    'allowed',
    'min',
    'table',
    'sql',
    '__proto__',
  ];
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom('string', 'int64', 'decimal(12,2)', 'decimal(99,98)', 'timestamp', 'user_id', '%Y', ''),
      fc.oneof(fc.string(), fc.integer(), fc.double(), fc.boolean(), fc.constant(null)),
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...keys), tie('tree'), { maxKeys: 5 }),
    ),
  }));
  const lines = text.split('\n').filter((line) => /^\w+:/.test(line));
  fc.assert(
    fc.property(fc.constantFrom(...lines), tree, (line, value) => {
      const key = line.slice(0, line.indexOf(':'));
      // The whole entry, with the lines that are indented below it.
      const entry = new RegExp(`^${key}:.*(\\n[ ].*)*`, 'm');
      expectAnswer(text.replace(entry, () => stringify({ [key]: value })));
    }),
    { numRuns, seed },
  );
});
