import { z } from 'zod';

const NAME = /^[a-z][a-z0-9_]{0,62}$/;

/** What a dataset, a table or a column may be called. */
export const name = z
  .string()
  .regex(NAME, 'must be lower-case letters, digits and _, beginning with a letter');
