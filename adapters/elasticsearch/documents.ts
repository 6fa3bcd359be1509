import type { ElasticsearchConnection } from './connection.ts';

/** A page of documents is about this large. */
const PAGE_CHARACTERS = 1_500_000;
const FIRST_PAGE = 200;
/** Elasticsearch's own limit, `index.max_result_window`. */
const LARGEST_PAGE = 10_000;
/** How long the server keeps the point in time while a page is worked on. */
const KEEP_ALIVE = '5m';

/**
 * All documents that a search over this index or alias finds, each as a line of a file of changes, in pages,
 * as of one
 * {@link https://www.elastic.co/guide/en/elasticsearch/reference/8.19/point-in-time-api.html point in time};
 * none where it is missing. Integers beyond 2^53 come as the nearest double.
 */
export async function* readDocuments(
  connection: ElasticsearchConnection,
  index: string,
): AsyncGenerator<readonly string[]> {
  const { statusCode, body } = await connection.call((client) =>
    client.openPointInTime({ index, keep_alive: KEEP_ALIVE }, { ignore: [404], meta: true }),
  );
  if (statusCode === 404) return;
  let { id } = body;
  try {
    let size = FIRST_PAGE;
    for (let after: (string | number)[] | undefined; ; ) {
      const found = await connection.call((client) =>
        client.search<object>({
          pit: { id, keep_alive: KEEP_ALIVE },
          size,
          track_total_hits: false,
          sort: [{ _shard_doc: 'asc' }],
          ...(after !== undefined && { search_after: after }),
          allow_partial_search_results: false,
        }),
      );
      id = found.pit_id ?? id;
      const page = found.hits.hits.map(
        ({ _id, _source }) => `${JSON.stringify(_id ?? '')}\t${JSON.stringify(_source ?? {})}`,
      );
      if (page.length === 0) return;
      yield page;
      after = found.hits.hits.at(-1)?.sort as (string | number)[] | undefined;
      const characters = page.reduce((sum, line) => sum + line.length, 0);
      size = Math.max(1, Math.min(LARGEST_PAGE, Math.floor((PAGE_CHARACTERS * page.length) / characters)));
    }
  } finally {
    await connection.call((client) => client.closePointInTime({ id }, { ignore: [404] }));
  }
}
