import type { Column } from './dataset/columns.ts';
import type { Dataset } from './dataset/form.ts';
import type { Model } from './dataset/models.ts';
import type { IndexPublication } from './dataset/publish.ts';

export type { Column, RecordPart } from './dataset/columns.ts';
export type { Dataset } from './dataset/form.ts';
export type { Live } from './dataset/live.ts';
export type { CsvTable, LookupKind, Model } from './dataset/models.ts';
export type { Overview } from './dataset/overview.ts';
export type {
  IndexPublication,
  Publication,
  SinkPublication,
  WarehousePublication,
} from './dataset/publish.ts';
export type { FileSource, Source } from './dataset/source.ts';
export { EVENTS_TABLE, REJECTED_TABLE } from './dataset/tables.ts';
export type { ColumnType } from './dataset/type-names.ts';

/** What a model's table is made by, for people. */
export function sourceOf({ sql, lookup, from, csv }: Model): string {
  return sql ?? csv?.path ?? `look-up of ${from} as ${lookup}`;
}

/**
 * The model whose rows are the dataset's entities: the first that is published to Elasticsearch; where none
 * is, the first published one whose key is a column of the events; where nothing is published, the last such
 * model. Undefined when there is none.
 */
export function modelOf({ models, publish, columns }: Dataset): Model | undefined {
  const indexed = indexPublicationOf({ publish });
  if (indexed) return models.find(({ table }) => table === indexed.table);
  const isOfEvents = ({ key }: Model) =>
    key.length === 1 && columns.some((column) => column.name === key[0] && mayIdentify(column));
  const tables = publish.filter(({ to }) => to !== 'csv').map(({ table }) => table);
  if (tables.length === 0) return models.findLast(isOfEvents);
  const published = tables.map((table) => models.find((model) => model.table === table));
  return published.find((model) => model !== undefined && isOfEvents(model));
}

/**
 * The tables that are a dataset's results, in the order of its models: those that it publishes, or all where
 * it publishes none. The others are steps on the way there.
 */
export function resultTables({ models, publish }: Pick<Dataset, 'models' | 'publish'>): readonly string[] {
  const tables = models.map(({ table }) => table);
  if (publish.length === 0) return tables;
  return tables.filter((name) => publish.some(({ table }) => table === name));
}

/** Whether values of the column may be ids of entities. */
export function mayIdentify({ required, type }: Pick<Column, 'required' | 'type'>): boolean {
  return required && (type === 'int64' || type === 'string');
}

/** The key column of a model's table. */
export function keyOf({ key: [column = ''] }: Model): string {
  return column;
}

/**
 * The column whose values are the ids of the entities that people look at: the model's key, or that of the
 * events where there is no model.
 */
export function entityKeyOf(dataset: Dataset): string {
  const model = modelOf(dataset);
  return model ? keyOf(model) : dataset.key;
}

/** The publication by which Elasticsearch shows the dataset; undefined when there is none. */
export function indexPublicationOf({ publish }: Pick<Dataset, 'publish'>): IndexPublication | undefined {
  return publish.find((publication) => publication.to === 'elasticsearch');
}

/** The topic of the events, unless KAFKA_TOPIC names another. */
export function topicOf({ name, source }: Dataset): string {
  return (source.type === 'topic' ? source.topic : undefined) ?? name;
}

/** The alias under which a table is published: its own, or one made of the names of dataset and table. */
export function aliasOf({ name }: Dataset, { table, index }: IndexPublication): string {
  return index ?? `${name}-${table}`.replaceAll('_', '-');
}

/** The CSV file to which the events are exported, relative to EVENTLAKE_HOME. */
export function csvPathOf({ name, publish }: Pick<Dataset, 'name' | 'publish'>): string {
  return publish.find((publication) => publication.to === 'csv')?.path ?? `data/${name}.csv`;
}
