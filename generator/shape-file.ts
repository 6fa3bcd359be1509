import { readFile } from 'node:fs/promises';
import { type Document, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { UsageError } from '../core/errors.ts';

/**
 * Reads the text of a shape file.
 * @throws UsageError `shape:unknown` when it cannot be read.
 */
export async function readShapeText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new UsageError('shape:unknown', `There is no shape to generate from: ${file} cannot be read`, {
      hint: 'A shape is a file shape.yml beside dataset.yml, as docs/adding-a-dataset.md says.',
      cause,
    });
  }
}

/**
 * Parses a shape file, and checks it with the schema that `choose` names for its content.
 * @throws UsageError `shape:invalid` naming file, line and key of everything that is wrong.
 */
export function parseShapeFile<T extends z.ZodType>(
  text: string,
  file: string,
  choose: (content: unknown) => T,
): z.output<T> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const syntax = document.errors[0];
  if (syntax) {
    const at = lines.linePos(syntax.pos[0]);
    throw new UsageError('shape:invalid', `${file}:${at.line}: ${syntax.message.split('\n')[0]}`);
  }
  const content: unknown = document.toJS();
  const result = choose(content).safeParse(content);
  if (result.success) return result.data;
  const complaints = result.error.issues.map((issue) => {
    const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
    if (issue.code === 'unrecognized_keys' && issue.keys[0]) path.push(issue.keys[0]);
    const message = issue.code === 'invalid_key' ? issue.issues[0]?.message : issue.message;
    return `${file}:${lineOf(document, lines, path)}: ${path.join('.') || 'the shape'}: ${message}`;
  });
  throw new UsageError('shape:invalid', complaints.join('\n'));
}

/** The line of the key, or of the nearest one around it that has a place in the file. */
function lineOf(document: Document, lines: LineCounter, path: readonly (string | number)[]): number {
  for (let known = [...path]; ; known = known.slice(0, -1)) {
    const node = document.getIn(known, true) as { range?: [number, number, number] } | undefined;
    if (node?.range) return lines.linePos(node.range[0]).line;
    if (known.length === 0) return 1;
  }
}
