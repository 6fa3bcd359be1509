import { createReadStream } from 'node:fs';

/** A document to store (JSON text on one line), or null to delete it. */
export interface IndexChange {
  readonly id: string;
  readonly document: string | null;
}

/** The changes in a file as `Sink.apply` takes it, in groups of at most `most`. */
export async function* readChanges(file: string, most: number): AsyncGenerator<IndexChange[]> {
  let group: IndexChange[] = [];
  for await (const line of linesOf(file)) {
    const tab = line.indexOf('\t');
    const document = line.slice(tab + 1);
    group.push({ id: JSON.parse(line.slice(0, tab)), document: document === '' ? null : document });
    if (group.length < most) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}

/**
 * Lines end in LF alone: a document may hold the other characters that Node's readline takes for line ends.
 */
async function* linesOf(file: string): AsyncGenerator<string> {
  let rest = '';
  for await (const text of createReadStream(file, 'utf8')) {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}
