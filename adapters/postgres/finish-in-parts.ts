import { randomUUID } from 'node:crypto';
import type { Client } from 'pg';
import { inTransaction, type PostgresConnection } from './connection.ts';
import type { Finishing, NextVersion } from './finish.ts';
import type { TableChanges } from './table-changes.ts';
import { takeTurn } from './turn.ts';

/**
 * Brings tables to their next versions over several connections: each part of a table's changes is a
 * transaction of its own, and parts of one table are written at the same time. Rows are stored in the order
 * of the tables; rows that others refer to are deleted last.
 *
 * Before the first row is written the tables are claimed in `eventlake_published`, and the claim ends in the
 * transaction that records the versions. While it lasts readers may see a part of a version. A claim that an
 * interrupted writer left makes the next `open` answer null, so that every row is compared. Each transaction
 * holds the claim and finds it gone when another writer has taken the tables.
 */
export async function finishInParts(connection: PostgresConnection, finishing: Finishing): Promise<void> {
  const writer = randomUUID();
  const { description, turn, onStatement } = finishing;
  const atOnce = (work: (client: Client) => Promise<void>) =>
    connection.call(description, (client) => {
      const inTurn = async () => {
        await takeTurn(client, turn);
        await work(client);
      };
      return inTransaction(client, inTurn, onStatement);
    });
  let due: NextVersion[] = [];
  await atOnce(async (client) => {
    due = [];
    for (const next of finishing.tables) {
      const [first] = next.parts;
      if (!(await first.lock(client, next.version, writer))) continue;
      if (next.parts.length > 1) first.requireEmptyOrBase();
      await first.claim(client, writer);
      due.push(next);
    }
  });
  const inParts = ({ parts }: NextVersion, work: (changes: TableChanges, client: Client) => Promise<void>) =>
    together(
      parts.map((changes) =>
        changes.connection.call(changes.description, async (client) => {
          await changes.copy(client);
          const held = async () => {
            await takeTurn(client, turn, 'parts');
            await changes.hold(client, writer);
            await work(changes, client);
          };
          await inTransaction(client, held, onStatement);
        }),
      ),
    );
  const referenced: NextVersion[] = [];
  for (const next of due) {
    const isReferenced = await connection.call(description, (client) => next.parts[0].isReferenced(client));
    if (isReferenced) referenced.push(next);
    await inParts(next, async (changes, client) => {
      if (!isReferenced) await removeIn(next, changes, client);
      await changes.store(client);
    });
  }
  for (const next of referenced.reverse())
    await inParts(next, (changes, client) => removeIn(next, changes, client));
  await atOnce(async (client) => {
    for (const {
      parts: [changes],
      version,
    } of due) {
      // The answer to a commit before this try may have been lost.
      if (await changes.shows(client, version)) continue;
      await changes.hold(client, writer);
      if (changes.isEmpty) await changes.analyze(client);
      await changes.recordVersion(client, version);
    }
  });
  for (const { parts, version } of finishing.tables) {
    await together(
      parts.map((changes) =>
        changes.connection.call(changes.description, (client) => changes.finished(client, version)),
      ),
    );
  }
}

/**
 * A part of all rows would take those of the other parts for vanished: they are parts of a table that was
 * empty, which has none to delete.
 */
async function removeIn({ parts }: NextVersion, changes: TableChanges, client: Client): Promise<void> {
  if (parts.length === 1 || changes.base !== null) await changes.remove(client);
}

/** Waits for all, also when one fails: none may be at work when the caller tries again. */
async function together(works: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(works)).find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}
