import { type Document, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import type { Dataset } from '../../core/dataset.ts';
import { UsageError } from '../../core/errors.ts';
import { nearest } from '../../core/nearest.ts';
import { dataset, datasetJsonSchema } from './schema.ts';

type Path = readonly (string | number)[];

/**
 * Parses and checks the text of a dataset file.
 * @throws UsageError `dataset:invalid` naming file, line and key of everything that is wrong.
 */
export function parseDataset(text: string, file: string): Dataset {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const syntax = document.errors[0];
  if (syntax) {
    const at = lines.linePos(syntax.pos[0]);
    throw new UsageError('dataset:invalid', `${file}:${at.line}: ${syntax.message.split('\n')[0]}`);
  }
  const result = dataset.safeParse(contentsOf(document, file));
  if (result.success) return result.data;
  const complaints = result.error.issues
    .flatMap(complaintsOf)
    .map(
      ({ path, message }) =>
        `${file}:${lineOf(document, lines, path)}: ${path.join('.') || 'the dataset'}: ${message}`,
    );
  throw new UsageError('dataset:invalid', complaints.join('\n'), {
    hint: 'docs/adding-a-dataset.md says what each key means; editors with YAML support show it by config/datasets/dataset.schema.json.',
  });
}

function contentsOf(document: Document, file: string): unknown {
  try {
    return document.toJS();
  } catch (cause) {
    // An alias without its anchor shows only here.
    throw new UsageError('dataset:invalid', `${file}: ${(cause as Error).message}`, { cause });
  }
}

/** An issue as it is said; one of several unknown keys is said of each. */
function complaintsOf(issue: z.core.$ZodIssue): { path: Path; message: string }[] {
  const path = issue.path.filter((part) => typeof part !== 'symbol');
  if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }];
  const known = keysAt(path);
  return issue.keys.map((key) => {
    const like = nearest(key, known);
    const message = like
      ? `is no key of a dataset file here; did you mean "${like}"?`
      : `is no key of a dataset file here; known are ${known.join(', ')}`;
    return { path: [...path, key], message };
  });
}

/** The keys that may stand at this path, by the JSON Schema. */
function keysAt(path: Path): string[] {
  interface Node {
    readonly properties?: Readonly<Record<string, Node>>;
    readonly items?: Node;
    readonly oneOf?: readonly Node[];
  }
  let node: Node | undefined = datasetJsonSchema();
  for (const part of path) node = typeof part === 'number' ? node?.items : node?.properties?.[part];
  const forms = node?.oneOf ?? [node];
  return [...new Set(forms.flatMap((form) => Object.keys(form?.properties ?? {})))];
}

/** The line of the key at this path, or of what is nearest above it. */
function lineOf(document: Document, lines: LineCounter, path: Path): number {
  for (let length = path.length; length >= 0; length--) {
    const node = document.getIn(path.slice(0, length), true) as
      | { range?: [number, number, number] }
      | undefined;
    if (node?.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}
