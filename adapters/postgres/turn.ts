import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';

const PAUSE_MS = 250;

/** The tables of a dataset, which one writer at a time publishes. */
export interface Turn {
  readonly dataset: string;
  /** Of the dataset's first table. */
  readonly schema: string;
}

/**
 * Waits while another eventlake writes the tables of this dataset, however long that takes, and keeps others
 * waiting until this transaction ends. An ordinary lock would be waited for no longer than `lock_timeout`,
 * which is for the locks of others. A writer that hangs loses its transaction, and with it the turn, after
 * `idle_in_transaction_session_timeout`.
 *
 * @param among `parts`: others that write parts of the same version do so at the same time
 */
export async function takeTurn(
  client: Client,
  { dataset, schema }: Turn,
  among: 'all' | 'parts' = 'all',
): Promise<void> {
  const lock = among === 'all' ? 'pg_try_advisory_xact_lock' : 'pg_try_advisory_xact_lock_shared';
  for (;;) {
    const { rows } = await client.query<{ taken: boolean }>(
      `SELECT ${lock}(hashtext('eventlake turn'), hashtext($1)) AS taken`,
      [JSON.stringify([schema, dataset])],
    );
    if (rows[0]?.taken) return;
    await sleep(PAUSE_MS);
  }
}
