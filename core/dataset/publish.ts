import { z } from 'zod';
import type { DeepReadonly } from './deep-readonly.ts';
import { name } from './name.ts';
import { EVENTS_TABLE } from './tables.ts';

const indexPublication = z.strictObject({
  table: name.describe('The table of a model.'),
  to: z.literal('elasticsearch').describe('To an index of Elasticsearch.'),
  index: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,200}$/, 'must be lower-case letters, digits, ".", "_" and "-"')
    .exactOptional()
    .describe('Alias by which it is found. Absent: <dataset>-<table>. ELASTICSEARCH_INDEX overrides it.'),
});

const warehousePublication = z.strictObject({
  table: name.describe('The table of a model.'),
  to: z.literal('postgres').describe('To a table of the same name in PostgreSQL.'),
  schema: name.default('public').describe('The schema in PostgreSQL.'),
});

const csvPublication = z.strictObject({
  table: z.literal(EVENTS_TABLE, `must be ${EVENTS_TABLE}`).default(EVENTS_TABLE).describe('The events.'),
  to: z.literal('csv').describe('To a CSV file, by export.'),
  path: z
    .string()
    .min(1)
    .exactOptional()
    .describe('The file, relative to EVENTLAKE_HOME. Absent: data/<dataset>.csv.'),
});

/** The form of a publication. */
export const publication = z.discriminatedUnion(
  'to',
  [indexPublication, warehousePublication, csvPublication],
  'must be elasticsearch, postgres or csv',
);

/** A table that is copied to where people look. */
export type Publication = DeepReadonly<z.output<typeof publication>>;

/** A model's table, which `process` publishes to a server. */
export type SinkPublication = IndexPublication | WarehousePublication;

/** To an index of Elasticsearch. */
export type IndexPublication = DeepReadonly<z.output<typeof indexPublication>>;

/** To a table of the same name in PostgreSQL. */
export type WarehousePublication = DeepReadonly<z.output<typeof warehousePublication>>;
