import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Words that are not used, and what to write instead (docs/glossary.md). Names that are fixed interfaces (the
 * label `hop` of metrics and the field `hop` of logs) are not words of a text and do not match.
 */
const INSTEAD: readonly (readonly [RegExp, string])[] = [
  [
    /\b(a|an|the|each|every|no|one|any|of|by|per|this|all|two|three|four|first|second|third|fourth|next|other|later|ingest|archive|model|publish) hops?\b/i,
    'stage',
  ],
  [/\banew\b/i, 'again, from the beginning, a new one'],
  [/\bmend(s|ed|ing)?\b/i, 'fix'],
  [/\bturn(s|ed|ing)? away\b/i, 'rejected'],
  [/\bto be had\b/i, 'available at'],
  [/\b(go|goes|going|went|gone) on\b/i, 'continues, resumes'],
  [/\bwhatever\b/i, 'any, regardless of'],
  [/\bwhoever\b/i, 'anyone who, the one that'],
  [/\bfor ever\b/i, 'forever, without limit'],
  [/\bin vain\b/i, 'without result'],
  [/\boutliv(e|es|ed|ing)\b/i, 'survives'],
  [/\b(batch|chunk|share|has|have) in hand\b/i, 'the current one'],
  [/\b(is|are) at work\b/i, 'runs'],
  [/\b(is|are|was|were) told of\b/i, 'reported'],
  [/\bthousand million\b/i, 'billion'],
  [/\bonce more\b/i, 'again'],
  [/\bin silence\b/i, 'silently'],
  [/\bnothing is moving\b/i, 'idle'],
  [/\b(whence|thereof|therein|lest|upon|nought|shall)\b/i, 'the usual word'],
];

const PROJECT = join(import.meta.dirname, '../..');
const TEXTS = [
  '*.md',
  '*.ts',
  '*.tsx',
  '*.css',
  '*.html',
  '*.py',
  '*.sql',
  '*.sh',
  '*.yml',
  'Makefile',
  'Dockerfile',
  '.env',
];
/** This list, and files that an older version wrote. */
const EXCEPT = [':!test/lint/words.ts', ':!test/fixtures', ':!docs/glossary.md'];

const files = execFileSync(
  'git',
  ['ls-files', '--cached', '--others', '--exclude-standard', ...TEXTS, ...EXCEPT],
  {
    cwd: PROJECT,
    encoding: 'utf8',
  },
)
  .trim()
  .split('\n');

let found = 0;
for (const file of files) {
  for (const [i, line] of readFileSync(join(PROJECT, file), 'utf8').split('\n').entries()) {
    for (const [word, instead] of INSTEAD) {
      const [match] = word.exec(line) ?? [];
      if (match === undefined) continue;
      console.error(`${file}:${i + 1}: "${match}": write ${instead}`);
      found += 1;
    }
  }
}
if (found > 0) process.exitCode = 1;
else console.log(`Checked the words of ${files.length} files.`);
