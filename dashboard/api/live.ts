import { z } from 'zod';
import { count, row, time } from './values.ts';

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

export type LiveAnswer = z.infer<typeof liveAnswer>;
export type LiveSeriesAnswer = z.infer<typeof liveSeriesAnswer>;
