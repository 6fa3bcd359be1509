import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');

/**
 * What a comment before a code block says of the block and of those after it, up to the next heading or
 * comment: `<!-- not run: reason -->` or `<!-- run by test/some.test.ts -->`.
 */
export interface Mark {
  readonly kind: 'not run' | 'run by';
  readonly text: string;
}

/** A fenced code block. */
export interface Block {
  readonly page: string;
  /** Line of the opening fence, from 1. */
  readonly line: number;
  /** What follows the opening fence; empty for output, usage and drawings. */
  readonly language: string;
  readonly text: string;
  readonly mark: Mark | null;
}

/** A page of the documentation, taken apart. */
export interface Page {
  /** Path within the project. */
  readonly path: string;
  readonly blocks: readonly Block[];
  /** The text without its code blocks; a line keeps its number. */
  readonly prose: readonly string[];
}

/** All Markdown pages that the project has. */
export const PAGES: readonly Page[] = execFileSync(
  'git',
  ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'],
  { cwd: ROOT, encoding: 'utf8' },
)
  .trim()
  .split('\n')
  .sort()
  .map((path) => parse(path, readFileSync(join(ROOT, path), 'utf8')));

function parse(path: string, text: string): Page {
  const blocks: Block[] = [];
  const prose: string[] = [];
  let mark: Mark | null = null;
  let open: { line: number; indent: string; language: string; lines: string[] } | null = null;
  for (const [i, line] of text.split('\n').entries()) {
    const [, indent = '', language = ''] = /^( *)```(.*)$/.exec(line) ?? [];
    if (open && line.trim() === '```') {
      const { lines, indent: depth, ...rest } = open;
      blocks.push({
        page: path,
        ...rest,
        mark,
        text: `${lines.map((l) => l.slice(depth.length)).join('\n')}\n`,
      });
      open = null;
    } else if (open) open.lines.push(line);
    else if (/^ *```/.test(line)) open = { line: i + 1, indent, language, lines: [] };
    else {
      const [, kind, words = ''] = /^ *<!-- (not run:|run by) (.+) -->$/.exec(line) ?? [];
      if (kind) mark = { kind: kind === 'run by' ? 'run by' : 'not run', text: words };
      else if (line.startsWith('#')) mark = null;
      prose.push(line);
      continue;
    }
    prose.push('');
  }
  return { path, blocks, prose };
}

/** The pieces of inline code of a page. */
export function inlineCode({ prose }: Page): { line: number; code: string }[] {
  const text = prose.join('\n');
  return [...text.matchAll(/`([^`]+)`/g)].map((match) => ({
    line: text.slice(0, match.index).split('\n').length,
    code: (match[1] ?? '').replaceAll('\n', ' '),
  }));
}

/** Where a test found something wrong. */
export function place(page: string, line: number): string {
  return `${page}:${line}`;
}
