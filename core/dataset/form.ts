import { z } from 'zod';
import { column, contract } from './columns.ts';
import type { DeepReadonly } from './deep-readonly.ts';
import { live } from './live.ts';
import { model } from './models.ts';
import { name } from './name.ts';
import { overview } from './overview.ts';
import { publication } from './publish.ts';
import { source } from './source.ts';

/**
 * The one description of a dataset file's form, key by key. What its keys must be in view of each other,
 * config/dataset/ checks.
 */
export const form = z.strictObject({
  name,
  description: z.string().exactOptional(),
  /** Shown when the file is missing. */
  download: z.url().exactOptional().describe('Where a person gets the input file.'),
  source: source.default({ type: 'file', format: 'csv' }).describe('Where events come from.'),
  key: name.describe('Column whose value keys each event: equal keys go to one partition, in order.'),
  /** The `events` table is partitioned by `event_month`, such as `2020-09`. */
  time: name.describe('Timestamp column; the table is partitioned by its UTC month.'),
  columns: contract(column),
  /** As people call what a row of the model is about. */
  entity: z
    .strictObject({ singular: z.string().min(1), plural: z.string().min(1) })
    .default({ singular: 'profile', plural: 'profiles' })
    .describe("What a row of the model's table is called on the page and by the commands."),
  models: z.array(model).default([]).describe('The tables that are derived from the events.'),
  publish: z.array(publication).default([]).describe('Which tables are published, and where to.'),
  overview: overview.exactOptional().describe("Which columns the dashboard's overview is drawn from."),
  /** Which days its reports are of: those in the column `day` of this table. */
  reports: z
    .strictObject({
      table: name.describe('The table of a model.'),
      day: name.describe('Column of the table, of type date.'),
    })
    .exactOptional()
    .describe('Where the newest day is that has facts, which the reports are of unless another is named.'),
  live: live
    .exactOptional()
    .describe('What the page shows of the rows that are exported to CSV, as they come.'),
});

/** A dataset: its contract, how its table is laid out, and what is derived from it. */
export type Dataset = DeepReadonly<z.output<typeof form>>;
