import { z } from 'zod';
import { parseShapeFile, readShapeText } from './shape-file.ts';

const columnName = z.string().regex(/^[a-z][a-z0-9_]*$/, 'must be a column of the contract');
const amount = z.number().min(0);
const share = z.number().min(0).max(1);

const shape = z
  .strictObject({
    columns: z.strictObject({ id: columnName, time: columnName, sensor: columnName, group: columnName }),
    sensorsPerPlace: z.int().min(1).max(1000),
    places: z
      .array(
        z.strictObject({
          values: z.record(columnName, z.string()),
          hoursFromUtc: z.number().min(-12).max(14),
          means: z.record(columnName, z.number()),
        }),
      )
      .min(1),
    groups: z.array(z.strictObject({ value: z.string(), factors: z.record(columnName, amount) })).min(1),
    measures: z
      .array(
        z.strictObject({
          column: columnName,
          decimals: z.int().min(0).max(6),
          min: z.number(),
          rhythm: z.array(z.number().min(-1).max(1)).length(24, 'must be 24 numbers, one an hour of the day'),
          swing: amount,
          drift: amount,
          noise: amount,
          outlier: amount,
        }),
      )
      .min(1),
    driftHours: z.number().min(0.01),
    outlierShare: share,
    lateMinutes: z.number().min(0.1),
  })
  .superRefine(({ measures, places, groups }, context) => {
    const known = new Set(measures.map(({ column }) => column));
    for (const [i, { means }] of places.entries())
      for (const column of known)
        if (!(column in means))
          context.addIssue({ code: 'custom', path: ['places', i, 'means'], message: `lacks ${column}` });
    for (const [i, { factors }] of groups.entries())
      for (const column of Object.keys(factors))
        if (!known.has(column))
          context.addIssue({
            code: 'custom',
            path: ['groups', i, 'factors', column],
            message: 'is not one of the measures',
          });
  });

/**
 * What simulated readings are like. Sensors stand at `places`; each measures one of the `groups`. A measure's
 * value is
 *
 *   factor of the group × (mean of the place + swing × rhythm at local time + drift × slow noise of the place
 *   + noise × fast noise)
 *
 * and in `outlierShare` of the readings `outlier` more; all in the measure's unit. Slow noise changes over
 * `driftHours`. A late reading was measured up to `lateMinutes` before it is sent.
 */
export type ReadingsShape = z.output<typeof shape>;

/**
 * Reads and checks a shape file: `shape:unknown` when it is missing, `shape:invalid` naming file, line and
 * key.
 */
export async function loadReadingsShape(file: string): Promise<ReadingsShape> {
  return parseShapeFile(await readShapeText(file), file, () => shape);
}
