import type { ServerState } from '../../core/contracts.ts';
import { EventlakeError } from '../../core/errors.ts';
import { PostgresConnection } from './connection.ts';

/**
 * Logs in and asks which server answers.
 * @throws `warehouse:unreachable`, `warehouse:unauthorized` and others as `explain` in errors.ts says;
 *   `warehouse:busy` for a standby
 */
export async function checkPostgres(url: string, deadlineMs: number): Promise<ServerState> {
  const connection = new PostgresConnection({
    url,
    deadlines: { connect: deadlineMs, statement: deadlineMs },
  });
  try {
    const { rows } = await connection.call(`postgres ${connection.address}`, (client) =>
      client.query<{ version: string; is_standby: boolean }>(
        "SELECT current_setting('server_version') AS version, pg_is_in_recovery() AS is_standby",
      ),
    );
    if (rows[0]?.is_standby) {
      throw new EventlakeError(
        'warehouse:busy',
        `postgres ${connection.address}: a standby, which takes no tables`,
        {
          hint: 'Name the primary server in WAREHOUSE_URL.',
          retriable: true,
        },
      );
    }
    return { version: rows[0]?.version ?? null, detail: null };
  } finally {
    await connection.close();
  }
}
