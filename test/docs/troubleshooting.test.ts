import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { ERROR_CODES } from '../../core/error-codes.ts';

const PAGE = readFileSync(join(import.meta.dirname, '../../docs/troubleshooting.md'), 'utf8');
const CODE = /`([a-z]+:[a-z_]+)`/g;

/** The codes in the first cell of the rows under "Errors by code", and the other two cells. */
const rows = PAGE.slice(PAGE.indexOf('## Errors by code'), PAGE.indexOf('## The Docker stack'))
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => {
    const [, codes = '', happened = '', advice = ''] = line.split(/(?<!\\)\|/);
    return { codes: Array.from(codes.matchAll(CODE), ([, code]) => code), happened, advice };
  });

it('says of every error code what happened and what to do', () => {
  const documented = rows.flatMap(({ codes }) => codes);
  expect([...documented].sort()).toEqual([...ERROR_CODES].sort());
  for (const { happened, advice } of rows) {
    expect(happened.trim().length).toBeGreaterThan(10);
    expect(advice.trim().length).toBeGreaterThan(3);
  }
});

it('names no error code that does not exist', () => {
  const subjects = new Set(ERROR_CODES.map((code) => code.split(':')[0]));
  const named = Array.from(PAGE.matchAll(CODE), ([, code = '']) => code);
  const unknown = named.filter(
    (code) => subjects.has(code.split(':')[0] ?? '') && !(ERROR_CODES as readonly string[]).includes(code),
  );
  expect(unknown).toEqual([]);
});
