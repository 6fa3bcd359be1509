import { checkOptions, type Generated, type GenerateOptions, generate } from './generate.ts';
import { generateRecords } from './records/generate.ts';
import { type RecordShape, recordShape } from './records/shape.ts';
import { type Shape, shape } from './shape.ts';
import { parseShapeFile, readShapeText } from './shape-file.ts';

/** What a shape file describes: the events of a shop as CSV, or records of any kind as JSON lines. */
export type AnyShape =
  | { readonly kind: 'events'; readonly shape: Shape }
  | { readonly kind: 'records'; readonly shape: RecordShape };

/**
 * Reads a shape file: one with `fields` is of records. Throws as {@link parseShapeFile} and
 * {@link readShapeText}.
 */
export async function loadAnyShape(file: string): Promise<AnyShape> {
  const text = await readShapeText(file);
  let isOfRecords = false;
  const parsed = parseShapeFile(text, file, (content) => {
    isOfRecords = typeof content === 'object' && content !== null && 'fields' in content;
    return isOfRecords ? recordShape : shape;
  });
  return isOfRecords
    ? { kind: 'records', shape: parsed as RecordShape }
    : { kind: 'events', shape: parsed as Shape };
}

/** Makes a file of either kind. Throws as {@link generate}. */
export async function makeFile(
  { kind, shape }: AnyShape,
  options: Omit<GenerateOptions, 'shape'>,
): Promise<Generated> {
  checkOptions(options);
  return kind === 'records' ? generateRecords(shape, options) : generate({ ...options, shape });
}
