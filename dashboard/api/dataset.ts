import { z } from 'zod';
import { field } from './values.ts';

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
      views: z.array(z.enum(['overview', 'reports', 'entities', 'pipeline', 'lake', 'live'])),
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

export type OverviewRoles = z.infer<typeof roles>;
export type DatasetsAnswer = z.infer<typeof datasetsAnswer>;
export type DatasetAnswer = z.infer<typeof datasetAnswer>;
