import type { Dataset } from '../../core/dataset.ts';
import type { BrokenEvents, SqlSession } from '../../core/engine.ts';
import { checkedEvents } from './contract-sql.ts';
import type { StagedBatch } from './staged-batch.ts';

/** The batch's events that break the contract, by reason, with the first offsets of each. */
export async function brokenEvents(
  sql: SqlSession,
  dataset: Dataset,
  batch: StagedBatch,
  examples: number,
): Promise<BrokenEvents[]> {
  await batch.close();
  const rows = await sql.rows(`
SELECT reason, count(*) AS n, array_to_string(list_sort(min(log_offset, ${examples})), ' ') AS offsets
FROM (${checkedEvents(dataset, batch.relation('events'))}) WHERE reason IS NOT NULL GROUP BY reason`);
  return rows.map(({ reason, n, offsets }) => ({
    reason: String(reason),
    rows: Number(n),
    offsets: String(offsets).split(' ').map(Number),
  }));
}
