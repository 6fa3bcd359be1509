import { z } from 'zod';

/**
 * Every answer of the dashboard's server, as schemas. The server checks its answers against them and
 * generates /openapi.json from them; the page takes its types from here. 64-bit ids, offsets, versions and
 * decimals are strings, counts are numbers, times are ISO 8601 in UTC, null is absent.
 */

const count = z.int().min(0);
/** A whole number of 64 bits or more. */
const whole = z.string().regex(/^-?\d+$/);
const decimal = z.string().regex(/^-?\d+(\.\d+)?$/);
const money = z.string().regex(/^-?\d+\.\d{2}$/);
/** `2020-09-24`, UTC. */
const day = z.string();
const time = z.string();
const field = z.object({ name: z.string(), type: z.string() });
/** A cell of a table: 64-bit integers, decimals, dates and times are strings. */
const cell = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const row = z.record(z.string(), cell);

/** What is wrong, and what to do. */
export const problem = z.object({
  error: z.object({ code: z.string(), message: z.string(), hint: z.string().nullable() }),
});

/**
 * Which columns the overview is drawn from; a role that the dataset lacks is null. `segment` is a column of
 * the model.
 */
const roles = z.object({
  type: z.string().nullable(),
  /** Values of `type`, from the first step to the last, which is the purchase. */
  funnel: z.array(z.string()),
  amount: z.string().nullable(),
  /** ISO 4217 code of the currency of `amount`. */
  currency: z.string().nullable(),
  /** Columns of the model that are in that currency, too. */
  amounts: z.array(z.string()),
  category: z.string().nullable(),
  brand: z.string().nullable(),
  session: z.string().nullable(),
  segment: z.string().nullable(),
});

export const datasetsAnswer = z.object({
  /** The first one is shown at `/`. */
  datasets: z.array(
    z.object({
      name: z.string(),
      description: z.string().nullable(),
      /** Where its page and its API begin: empty, or `/datasets/<name>`. */
      path: z.string(),
      views: z.array(z.enum(['overview', 'reports', 'customers', 'pipeline', 'lake', 'live'])),
      /** What the rows of its model are called. */
      entities: z.string(),
    }),
  ),
});

export const datasetAnswer = z.object({
  name: z.string(),
  description: z.string().nullable(),
  columns: z.array(field),
  /** The column whose values are the ids of `entity`. */
  key: z.string(),
  /** What people call the one whom a row of the model's table is about. */
  entity: z.object({ singular: z.string(), plural: z.string() }),
  time: z.string(),
  overview: roles.nullable(),
  /** What the readings are grouped by, and which values they have; null where there is no view of them. */
  live: z.object({ by: z.array(z.string()), values: z.array(z.string()) }).nullable(),
  /** The model's table. */
  model: z.string().nullable(),
  /** The model's columns; none before it was first computed. */
  profileColumns: z.array(field),
});

export const overviewAnswer = z.object({
  dataset: z.string(),
  /** By table: the version that the numbers are of; null where there is no table. */
  versions: z.record(z.string(), whole.nullable()),
  /** The earliest and the latest of the matching events. */
  first: time.nullable(),
  last: time.nullable(),
  events: count,
  duplicates: count,
  customers: count,
  buyers: count,
  revenue: money,
  funnel: z.array(z.object({ step: z.string(), events: count, customers: count })),
  /** By number of customers. */
  segments: z.array(z.object({ segment: z.string(), customers: count, buyers: count, revenue: money })),
});

export const daysAnswer = z.object({
  types: z.array(z.string()),
  /**
   * Every day of the data, within the filter's, also those without events; `counts` in the order of `types`.
   */
  days: z.array(z.object({ day, counts: z.array(count), revenue: money })),
});

export const spendAnswer = z.object({
  /** Money spent by a customer who bought: at least `from`, less than `to`. */
  buckets: z.array(z.object({ from: money, to: money.nullable(), customers: count })),
});

const totals = { events: count, customers: count, purchases: count, revenue: money };
export const valuesAnswer = z.object({
  /** The values with the most events. A null value stands for the events that have none. */
  items: z.array(z.object({ value: z.string().nullable(), ...totals })),
  /** The rest together; null when there is none. */
  others: z.object({ values: count, ...totals }).nullable(),
});

export const customersAnswer = z.object({
  total: count,
  /** What they are sorted by, also where the request did not say. */
  sort: z.object({ column: z.string(), order: z.enum(['asc', 'desc']) }),
  customers: z.array(row),
});
export const customerAnswer = row;
export const customerEventsAnswer = z.object({
  total: count,
  /** The contract's columns, with `logPartition` and `logOffset`. */
  events: z.array(row),
});
export const customerSessionsAnswer = z.object({
  sessions: z.array(
    z.object({
      session: z.string().nullable(),
      first: time,
      last: time,
      events: count,
      counts: z.record(z.string(), count),
      spent: money,
    }),
  ),
});
export const customerSpendAnswer = z.object({
  days: z.array(z.object({ day, spent: money, total: money })),
});

/** As printed by `status --json`. */
const statusReport = z.object({
  log: z.string(),
  files: z.array(
    z.object({ file: z.string(), rows: count, bytes: count, complete: z.boolean(), updatedAt: time }),
  ),
  partitions: z.array(
    z.object({
      partition: z.string(),
      start: whole,
      end: whole,
      archived: whole.nullable(),
      lag: count,
    }),
  ),
  lag: count,
  tables: z.array(z.object({ table: z.string(), version: whole, rows: count, files: count, bytes: count })),
  profilesUpToDate: z.boolean(),
  index: z.object({ index: z.string(), documents: count }).nullable(),
  warehouse: z.array(z.object({ table: z.string(), rows: count })).optional(),
});

export const pipelineAnswer = z.object({
  status: statusReport,
  /** The tables of the models that are there. */
  models: z.array(z.object({ table: z.string(), version: whole, rows: count })),
  hops: z.array(
    z.object({
      name: z.enum(['ingest', 'archive', 'model', 'publish']),
      /** Rows in the store that the stage writes, of publish the index; null where there is no such store. */
      rows: count.nullable(),
      /** What the stage has not taken over yet, in rows of the store that it reads. */
      lag: count.nullable(),
      lastCommit: time.nullable(),
      /** Whether it has done something in the last moments. */
      moving: z.boolean(),
      /**
       * Rows that reach its store each second, of ingest and archive; null for the others, and while it does
       * not move.
       */
      perSecond: count.nullable(),
      note: z.string().nullable(),
    }),
  ),
  /**
   * The tables in PostgreSQL, in the order in which they are published; absent where there are none, and
   * while the server does not answer.
   */
  published: z
    .array(
      z.object({
        table: z.string(),
        /** The version of the lake's table that it shows; null where it shows none completely. */
        version: whole.nullable(),
        /** The newest version in the lake; null where there is no table. */
        newest: whole.nullable(),
      }),
    )
    .optional(),
});

/** As printed by `audit --json`, and when it was counted. */
export const auditAnswer = z.object({
  countedAt: time,
  dataset: z.string(),
  balanced: z.boolean(),
  file: z.object({ rows: count }),
  log: z.object({ events: count, deadLetters: count, removed: count }),
  lake: z.object({ events: count, rejected: z.record(z.string(), count), duplicates: count }),
  profiles: z.object({ users: count, events: count.nullable(), totalSpent: decimal.nullable() }),
  index: z.object({ documents: count, differing: count }).nullable(),
  warehouse: z.array(z.object({ table: z.string(), rows: count, differing: count })).optional(),
  differences: z.array(z.string()),
  notes: z.array(z.string()),
});

/** As printed by `rejected --json`. */
export const rejectedAnswer = z.object({
  total: count,
  reasons: z.array(z.object({ reason: z.string(), rows: count })),
  examples: z.array(row),
});

export const lakeAnswer = z.object({
  place: z.string(),
  tables: z.array(
    z.object({
      /** `events`, `rejected` or the model's table. */
      table: z.string(),
      version: whole,
      rows: count,
      files: count,
      bytes: count,
      partitionBy: z.array(z.string()),
      fields: z.array(field),
    }),
  ),
});
export const commitsAnswer = z.object({
  /** Newest first. */
  commits: z.array(
    z.object({
      version: whole,
      time: time.nullable(),
      operation: z.string(),
      description: z.string().nullable(),
      rowsAdded: count,
      filesAdded: count,
      filesRemoved: count,
    }),
  ),
});
export const filesAnswer = z.object({
  total: count,
  /** Newest first. */
  files: z.array(
    z.object({
      path: z.string(),
      bytes: count,
      rows: count,
      partition: z.record(z.string(), z.string().nullable()),
      written: time,
    }),
  ),
});

export const sqlAnswer = z.object({
  columns: z.array(field),
  rows: z.array(z.array(cell)),
  /** Whether rows follow after these. */
  more: z.boolean(),
  milliseconds: count,
});

export const reportsAnswer = z.object({
  /** The first and the newest day that have facts. */
  days: z.object({ first: day, newest: day }),
  reports: z.array(
    z.object({
      name: z.string(),
      title: z.string(),
      /**
       * The column of the numbers to draw, and those that say what each is of; null where there is only a
       * table.
       */
      chart: z.object({ value: z.string(), by: z.array(z.string()) }).nullable(),
    }),
  ),
});
export const reportAnswer = z.object({
  report: z.string(),
  /** Where it was computed: from the tables in the lake, or in PostgreSQL. */
  on: z.enum(['lake', 'warehouse']),
  date: day,
  columns: z.array(z.string()),
  rows: z.array(row),
});

export const liveAnswer = z.object({
  /** The contract's columns, with `log_partition` and `log_offset`, in the order of the file. */
  rows: z.array(row),
  /** To be sent as `after` for the rows that follow; null while there is no file. */
  next: z.string().nullable(),
  /** Whether rows follow after these. */
  more: z.boolean(),
  /** The cursor's file is gone (deleted, or written again): the rows begin with the first that is left. */
  gap: z.boolean(),
});
export const liveSeriesAnswer = z.object({
  bucketSeconds: count,
  /**
   * Where the buckets of the window begin, in seconds since the epoch. The last one has the newest reading.
   */
  buckets: z.array(count),
  /** Those with a reading in the window, in the order of their names. */
  groups: z.array(
    z.object({
      group: z.string(),
      /** The reading that was measured last. */
      latest: row,
      /** By bucket: readings, and the mean of the value; null where there is none. */
      counts: z.array(count),
      means: z.array(z.number().nullable()),
    }),
  ),
  /** When the newest reading was measured. */
  newest: time.nullable(),
  /** Rows each second that reached the file over the last 10 seconds; null while that is not known. */
  perSecond: z.number().nullable(),
  lag: z.object({
    /** Events of the log that are not in the file yet; null where that is not known. */
    rows: count.nullable(),
    /** How long the newest reading took from its measurement into the file. */
    seconds: z.number().min(0).nullable(),
  }),
  /** The newest rows, in the order of the file. */
  rows: z.array(row),
});

export type Problem = z.infer<typeof problem>;
export type OverviewRoles = z.infer<typeof roles>;
export type DatasetsAnswer = z.infer<typeof datasetsAnswer>;
export type DatasetAnswer = z.infer<typeof datasetAnswer>;
export type OverviewAnswer = z.infer<typeof overviewAnswer>;
export type DaysAnswer = z.infer<typeof daysAnswer>;
export type SpendAnswer = z.infer<typeof spendAnswer>;
export type ValuesAnswer = z.infer<typeof valuesAnswer>;
export type CustomersAnswer = z.infer<typeof customersAnswer>;
export type CustomerAnswer = z.infer<typeof customerAnswer>;
export type CustomerEventsAnswer = z.infer<typeof customerEventsAnswer>;
export type CustomerSessionsAnswer = z.infer<typeof customerSessionsAnswer>;
export type CustomerSpendAnswer = z.infer<typeof customerSpendAnswer>;
export type PipelineAnswer = z.infer<typeof pipelineAnswer>;
export type AuditAnswer = z.infer<typeof auditAnswer>;
export type RejectedAnswer = z.infer<typeof rejectedAnswer>;
export type LakeAnswer = z.infer<typeof lakeAnswer>;
export type CommitsAnswer = z.infer<typeof commitsAnswer>;
export type FilesAnswer = z.infer<typeof filesAnswer>;
export type SqlAnswer = z.infer<typeof sqlAnswer>;
export type ReportsAnswer = z.infer<typeof reportsAnswer>;
export type ReportAnswer = z.infer<typeof reportAnswer>;
export type LiveAnswer = z.infer<typeof liveAnswer>;
export type LiveSeriesAnswer = z.infer<typeof liveSeriesAnswer>;
/** A value of a cell in rows of tables. */
export type Cell = z.infer<typeof cell>;
