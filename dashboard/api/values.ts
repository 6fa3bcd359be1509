import { z } from 'zod';

export const count = z.int().min(0);
/** A whole number of 64 bits or more. */
export const whole = z.string().regex(/^-?\d+$/);
export const decimal = z.string().regex(/^-?\d+(\.\d+)?$/);
export const money = z.string().regex(/^-?\d+\.\d{2}$/);
/** `2020-09-24`, UTC. */
export const day = z.string();
export const time = z.string();
export const field = z.object({ name: z.string(), type: z.string() });
/** A cell of a table: 64-bit integers, decimals, dates and times are strings. */
export const cell = z.union([z.string(), z.number(), z.boolean(), z.null()]);
export const row = z.record(z.string(), cell);

/** A value of a cell in rows of tables. */
export type Cell = z.infer<typeof cell>;
