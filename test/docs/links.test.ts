import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from '@jest/globals';
import { inlineCode, PAGES, type Page, place, ROOT } from './pages.ts';

/** The anchors of a page's headings, as GitHub makes them. */
function anchors({ prose }: Page): Set<string> {
  const found = new Set<string>();
  for (const line of prose) {
    const heading = /^#+ (.*)$/.exec(line)?.[1];
    if (heading === undefined) continue;
    const slug = heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-');
    let anchor = slug;
    for (let n = 1; found.has(anchor); n++) anchor = `${slug}-${n}`;
    found.add(anchor);
  }
  return found;
}

const ANCHORS = new Map(PAGES.map((page) => [page.path, anchors(page)]));

/** The targets of links and pictures, also of links around pictures, without those in inline code. */
function links({ prose }: Page): { line: number; target: string }[] {
  const text = prose.join('\n').replaceAll(/`[^`]*`/g, (code) => code.replaceAll(/[^\n]/g, ' '));
  return [...text.matchAll(/\]\(([^)\s]+)\)|<img[^>]* src="([^"]+)"/g)].map((match) => ({
    line: text.slice(0, match.index).split('\n').length,
    target: match[1] ?? match[2] ?? '',
  }));
}

/** What is wrong with a link of this page; null where nothing is. */
function fault(page: string, target: string): string | null {
  if (/^[a-z]+:/.test(target)) return null;
  const [file = '', anchor] = target.split('#');
  const path = file === '' ? page : normalize(join(dirname(page), decodeURIComponent(file)));
  if (!existsSync(join(ROOT, path))) return `${path} does not exist`;
  if (anchor === undefined || ANCHORS.get(path)?.has(anchor)) return null;
  return `${path} has no heading for #${anchor}`;
}

test('every relative link and anchor exists', () => {
  const all = PAGES.flatMap((page) => links(page).map((link) => ({ page: page.path, ...link })));
  expect(all.length).toBeGreaterThan(100);
  const broken = all.flatMap(({ page, line, target }) => {
    const what = fault(page, target);
    return what === null ? [] : `${place(page, line)}: ${target}: ${what}`;
  });
  expect(broken).toEqual([]);
});

const FOLDERS =
  'adapters|bench|cli|config|core|dashboard|docs|generator|ingestion|inspection|lake|monitoring|processing|test';

test('every file that is named in inline code exists', () => {
  const name = new RegExp(`^(?:${FOLDERS})/[\\w./-]*$`);
  const all = PAGES.flatMap((page) => inlineCode(page).map((code) => ({ page: page.path, ...code })));
  const named = all.filter(({ page, code }) => name.test(code) && !page.startsWith('docs/decisions/'));
  expect(named.length).toBeGreaterThan(30);
  const missing = named.filter(({ code }) => !existsSync(join(ROOT, code)));
  expect(missing.map(({ page, line, code }) => `${place(page, line)}: ${code}`)).toEqual([]);
});
