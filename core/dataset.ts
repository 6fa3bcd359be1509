/**
 * A column's type. `decimal(p,s)` is exact; `timestamp` is UTC with microseconds; `json` is the text of any
 * JSON value.
 */
export type ColumnType =
  | 'string'
  | 'int64'
  | 'double'
  | 'boolean'
  | 'date'
  | 'timestamp'
  | 'json'
  | `decimal(${number},${number})`;

/** A part of a record of a topic, besides its value: its key, or one of its headers. Both are text. */
export type RecordPart = { readonly key: true } | { readonly header: string };

/**
 * One column of a dataset's contract. A value that breaks it turns the whole event away, with
 * `<column>:<reason>`.
 */
export interface Column {
  readonly name: string;
  /**
   * What the file's header or the event calls it, when that is not its name; or the other part of the record
   * that holds its value.
   */
  readonly from?: string | RecordPart;
  readonly type: ColumnType;
  /** A required column must be in the header, and its value must not be empty or null. */
  readonly required: boolean;
  readonly description?: string;
  /** The only values allowed (strings only). */
  readonly allowed?: readonly string[];
  /** Smallest and largest value allowed, both inclusive, written as decimal text so that no digit is lost. */
  readonly min?: string;
  readonly max?: string;
  /** A whole number may be written with decimals that are zero, such as `17850.0` (int64 only). */
  readonly zeroDecimals?: boolean;
  /**
   * A value of any JSON type is taken as its text (strings only); one that is no JSON string breaks the
   * contract otherwise.
   */
  readonly mixed?: boolean;
  /**
   * `cut`: digits beyond the microsecond are cut (timestamps in ISO 8601 only); such a value is rejected
   * otherwise, unless they are zeros.
   */
  readonly precision?: 'cut';
  /**
   * How a timestamp or date is written: strptime letters, or for timestamps `epoch_s`, `epoch_ms`,
   * `epoch_us`; ISO 8601 when absent.
   */
  readonly format?: string;
}

/** Where a dataset's events come from. */
export type Source = FileSource | TopicSource | GeneratorSource;

/** Files, which `ingest` writes into a log of the dataset's own. */
export interface FileSource {
  readonly type: 'file';
  readonly format: 'csv' | 'ndjson';
  /** The file, relative to the current folder; `data/<dataset>.csv` or `.ndjson` when absent. */
  readonly path?: string;
  /** UTF-8 when absent. */
  readonly encoding?: 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252';
  /** Of CSV: what parts two fields, a comma when absent. This and the next two are one ASCII character. */
  readonly delimiter?: string;
  /** Of CSV: what encloses a field, a double quote when absent, nothing when empty. */
  readonly quote?: string;
  /** Of CSV: what stands before a quote within a field; a quote, too, when absent. */
  readonly escape?: string;
  /** Of CSV: values that mean null, besides the empty one. */
  readonly nulls?: readonly string[];
}

/** A topic that other programs write. It is only read: it has no ledger, and a reset leaves it as it is. */
export interface TopicSource {
  readonly type: 'topic';
  /** Each record's value is a JSON object. */
  readonly format: 'json';
  /** The dataset's name when absent. */
  readonly topic?: string;
}

/**
 * Simulated readings, which `generate --follow` writes into a log of the dataset's own; `shape.yml` says what
 * they are like.
 */
export interface GeneratorSource {
  readonly type: 'generator';
  /** Readings a second, unless the command says otherwise. */
  readonly rate: number;
}

/**
 * A table that is derived from the events, from tables before it, or from files of the user. It has one of
 * `sql`, `lookup` and `csv`.
 */
export interface Model {
  /** The derived table's name. */
  readonly table: string;
  /** File beside dataset.yml: one query. */
  readonly sql?: string;
  /** What is known of each distinct value of the column `from` of the events. */
  readonly lookup?: LookupKind;
  /** Column of the contract. */
  readonly from?: string;
  readonly csv?: CsvTable;
  /** The columns that identify a row of the table. */
  readonly key: readonly string[];
  /**
   * The model may be computed over some values of this column at a time; over all events at once when absent.
   */
  readonly shareBy?: string;
  /**
   * Tables of other datasets that it reads, as `dataset.table`. Earlier tables of its own dataset it may read
   * without saying so.
   */
  readonly reads?: readonly string[];
  /** Columns that the audit adds up: how many distinct events a row stands for, and what amount. */
  readonly audit?: { readonly events: string; readonly amount?: string };
}

/** In what values of events can be looked up. */
export type LookupKind = 'user_agent' | 'location';

/** A table of what the user knows besides the events, such as names of products. */
export interface CsvTable {
  /** A file or a pattern, relative to the current folder. There may be none, and the table is empty then. */
  readonly path: string;
  /** Those of the files' columns that the table has, as text. */
  readonly columns: readonly string[];
}

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

/** A table that is copied to where people look. */
export type Publication = SinkPublication | CsvPublication;

/** A model's table, which `process` publishes to a server. */
export type SinkPublication = IndexPublication | WarehousePublication;

/** To an index of Elasticsearch. */
export interface IndexPublication {
  readonly table: string;
  readonly to: 'elasticsearch';
  readonly index?: string;
}

/** To a table of the same name in PostgreSQL. */
export interface WarehousePublication {
  readonly table: string;
  readonly to: 'postgres';
  readonly schema: string;
}

/** The publication by which Elasticsearch shows the dataset; undefined when there is none. */
export function indexPublicationOf({ publish }: Pick<Dataset, 'publish'>): IndexPublication | undefined {
  return publish.find((publication) => publication.to === 'elasticsearch');
}

/** The events of the log to a CSV file, by `export`. */
export interface CsvPublication {
  readonly table: 'events';
  readonly to: 'csv';
  /** Relative to EVENTLAKE_HOME; `data/<dataset>.csv` when absent. */
  readonly path?: string;
}

/**
 * Which columns the dashboard's overview is drawn from. What a dataset does not name is not shown.
 */
export interface Overview {
  /** Column that says what kind of event it is. */
  readonly type?: string;
  /** Values of `type` on the way to a purchase, which is the last. */
  readonly funnel?: readonly string[];
  /** Numeric column: what the event is worth. Those of the last step add up to the revenue. */
  readonly amount?: string;
  /** ISO 4217 code of the currency of `amount`. */
  readonly currency?: string;
  /** Columns of the model that are in that currency, too. */
  readonly amounts?: readonly string[];
  readonly category?: string;
  readonly brand?: string;
  readonly session?: string;
  /** Column of the model that puts each of its rows into a group. */
  readonly segment?: string;
  /**
   * The ten rows of the model's table with the largest values of `by`: how they are headed, and what is shown
   * of them.
   */
  readonly top?: { readonly title: string; readonly by: string; readonly columns: readonly string[] };
}

/** What the view Live of the page shows of the rows that are exported to CSV. */
export interface Live {
  /** String columns of few values: readings are grouped by one of them. */
  readonly by: readonly string[];
  /** Numeric columns: what a reading measures. */
  readonly values: readonly string[];
}

/** A dataset: its contract, how its table is laid out, and what is derived from it. */
export interface Dataset {
  readonly name: string;
  readonly description?: string;
  /** Where a person gets the input file, shown when it is missing. */
  readonly download?: string;
  readonly source: Source;
  readonly columns: readonly Column[];
  /** The column whose value keys each event: equal keys go to one partition, in order. */
  readonly key: string;
  /** A timestamp column; the `events` table is partitioned by its UTC month, as `event_month` = `2020-09`. */
  readonly time: string;
  /** What a row of the model's table stands for, as people call it: customer, customers. */
  readonly entity: { readonly singular: string; readonly plural: string };
  readonly models: readonly Model[];
  readonly publish: readonly Publication[];
  readonly overview?: Overview;
  /** Which days its reports are of: those in the column `day` of this table. */
  readonly reports?: { readonly table: string; readonly day: string };
  readonly live?: Live;
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

/** The tables of a dataset in the lake, besides its model's. */
export const EVENTS_TABLE = 'events';
export const REJECTED_TABLE = 'rejected';
