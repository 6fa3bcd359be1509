import { z } from 'zod';
import type { DeepReadonly } from './deep-readonly.ts';

const character = z.string().regex(/^[\t\x20-\x7e]$/, 'must be one ASCII character');

const fileSource = z.strictObject({
  type: z.literal('file').describe('Files, which ingest writes into a log of their own.'),
  format: z
    .enum(['csv', 'ndjson'], 'must be csv or ndjson')
    .default('csv')
    .describe('How the file is written: csv, or ndjson for one JSON object a line.'),
  path: z
    .string()
    .min(1)
    .exactOptional()
    .describe('The file, relative to the current folder. Absent: data/<name>.csv, or its .gz.'),
  encoding: z
    .enum(['utf-8', 'utf-16le', 'utf-16be', 'windows-1252'])
    .exactOptional()
    .describe('How text is encoded. Absent: utf-8.'),
  delimiter: character.exactOptional().describe('Of csv: what parts two fields. Absent: a comma.'),
  quote: character
    .or(z.literal(''))
    .exactOptional()
    .describe('Of csv: what encloses a field; empty: nothing does. Absent: a double quote.'),
  escape: character
    .exactOptional()
    .describe('Of csv: what stands before a quote within a field. Absent: a quote, too.'),
  nulls: z
    .array(z.string().min(1))
    .exactOptional()
    .describe('Of csv: values that mean null, besides the empty one.'),
});

/** The topic has no ledger, and a reset leaves it as it is. */
const topicSource = z.strictObject({
  type: z.literal('topic').describe('A topic that other programs write; it is only read.'),
  format: z
    .literal('json', 'must be json')
    .default('json')
    .describe("How a record's value is written: a JSON object."),
  topic: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,200}$/, 'must be letters, digits, ., _ and -')
    .exactOptional()
    .describe("The topic's name. Absent: the dataset's name."),
});

/** The readings go into a log of the dataset's own; `shape.yml` says what they are like. */
const generatorSource = z.strictObject({
  type: z.literal('generator').describe('Simulated readings, which generate --follow makes.'),
  /** Unless the command says otherwise. */
  rate: z
    .number()
    .min(0.1, 'must be at least 0.1')
    .max(10_000, 'must be at most 10000')
    .default(5)
    .describe('Readings a second.'),
});

/** The form of a source. */
export const source = z.discriminatedUnion(
  'type',
  [fileSource, topicSource, generatorSource],
  'must have the type file, topic or generator',
);

/** Where a dataset's events come from. */
export type Source = DeepReadonly<z.output<typeof source>>;

/** Files, which `ingest` writes into a log of the dataset's own. */
export type FileSource = DeepReadonly<z.output<typeof fileSource>>;
