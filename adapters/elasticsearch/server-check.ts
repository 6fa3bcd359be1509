import type { ServerState } from '../../core/contracts.ts';
import { type ElasticsearchAddress, ElasticsearchConnection } from './connection.ts';

/**
 * Asks once which node answers there, for which a user needs the cluster privilege `monitor`.
 * @throws `index:unreachable`, `index:forbidden` and others as {@link ElasticsearchConnection} says
 */
export async function checkElasticsearch(address: ElasticsearchAddress): Promise<ServerState> {
  const connection = new ElasticsearchConnection(address);
  try {
    const { nodes } = await connection.once((client) =>
      client.nodes.info({ node_id: '_local', metric: '_none', filter_path: 'nodes.*.version' }),
    );
    return { version: Object.values(nodes)[0]?.version ?? null, detail: null };
  } finally {
    await connection.close();
  }
}
