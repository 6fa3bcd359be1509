import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Home } from '../cli/fixtures.ts';
import { homeOfCum, runCum } from './cum.ts';

const LINE = 'KAFKA_BROKERS=127.0.0.1:1\n';

let home: Home;
beforeAll(async () => {
  home = await homeOfCum();
  await home.put('bom.env', `\ufeff${LINE}`);
  await home.put('colon.env', LINE.replace('=', ': '));
  await home.put('typo.env', LINE.replace('BROKERS', 'BROKER'));
  await writeFile(join(home.folder, 'utf16.env'), `\ufeff${LINE}`, 'utf16le');
});
afterAll(() => rm(home.folder, { recursive: true }));

test.each([
  ['with a byte order mark is read', 'bom.env', 1, /127\.0\.0\.1:1 cannot be reached.*\[log:unreachable\]/],
  [
    'with a colon is refused',
    'colon.env',
    2,
    /colon\.env:1: KAFKA_BROKERS is no setting \[settings:invalid\]/,
  ],
  [
    'with an unknown name is warned of',
    'typo.env',
    0,
    /typo\.env:1: KAFKA_BROKER .* did you mean KAFKA_BROKERS/,
  ],
  ['in UTF-16 is refused', 'utf16.env', 2, /utf16\.env: .*UTF-16 \[settings:invalid\]/],
])('an env file %s', async (_what, file, code, message) => {
  const left = await runCum(home, ['status', 'cum', '--env-file', file]);
  expect(left.stderr).toMatch(message);
  expect(left.code).toBe(code);
});
