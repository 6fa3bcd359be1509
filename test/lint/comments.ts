import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Lines of comments keep within the formatter's width, which it leaves to their writers. */

const PROJECT = join(import.meta.dirname, '../..');
const WIDTH: number = JSON.parse(readFileSync(join(PROJECT, 'biome.json'), 'utf8')).formatter.lineWidth;
const COMMENT = /^\s*(\/\/|\/?\*)/;
/** What belongs on one line: the reason of an exception, a link. */
const UNBROKEN = /biome-ignore|https?:\/\/\S{40}/;

const files = execFileSync(
  'git',
  ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts', '*.tsx', '*.js', ':!test/fixtures'],
  { cwd: PROJECT, encoding: 'utf8' },
)
  .trim()
  .split('\n');

for (const file of files) {
  for (const [i, line] of readFileSync(join(PROJECT, file), 'utf8').split('\n').entries()) {
    if (line.length <= WIDTH || !COMMENT.test(line) || UNBROKEN.test(line)) continue;
    console.error(`${file}:${i + 1}: the comment has ${line.length} characters, more than ${WIDTH}`);
    process.exitCode = 1;
  }
}
if (process.exitCode === undefined) console.log(`Checked the comments of ${files.length} files.`);
