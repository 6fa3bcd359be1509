import { partsOf } from '../../core/column-source.ts';
import type { Stream } from '../../core/contracts.ts';
import type { Dataset } from '../../core/dataset.ts';
import type { LeftRecords, SqlSession } from '../../core/engine.ts';
import { literal } from '../../core/sql.ts';
import type { StagedRecords } from './archive.ts';
import { parquet } from './relations.ts';
import { KEPT_BYTES, LARGE_VALUE } from './staged-lines.ts';
import { partColumn, stagedPartSql } from './staged-parts.ts';

/** The name of a file may have a line feed. */
const SOURCE = '^([\\s\\S]+):([0-9]+)$';

/** Records that another engine has left, as the relations that {@link StagedRecords} describes. */
export async function stagedLeft(
  sql: SqlSession,
  dataset: Dataset,
  { paths, next, folder }: LeftRecords,
): Promise<StagedRecords> {
  const rows = new Map<string, number>();
  const records = paths.length === 0 ? null : parquet(paths);
  if (records) {
    for (const { stream, n } of await sql.rows(
      `SELECT stream, count(*) AS n FROM ${records} GROUP BY stream`,
    ))
      rows.set(String(stream), Number(n));
  }
  const parts = partsOf(dataset).map((_, i) => partColumn(i));
  return {
    ...{ next, folder },
    rowsOf: (stream: Stream) => rows.get(stream) ?? 0,
    async close() {},
    relation: (stream) => `(
  SELECT log_partition, log_offset, log_timestamp, form,
    ${["CASE WHEN form = 'json' THEN decode(bytes) END AS value", `to_base64(bytes[:${KEPT_BYTES}]) AS raw`, ...parts.map((name) => `${stagedPartSql(`unhex(${name})`)} AS ${name}`)].join(', ')}
  FROM (
    SELECT *, CASE
      WHEN bytes IS NULL THEN 'null'
      WHEN octet_length(bytes) > ${LARGE_VALUE} THEN 'large'
      WHEN try(decode(bytes)) IS NULL THEN 'bytes'
      ELSE 'json' END AS form
    FROM (SELECT *, unhex(value) AS bytes FROM ${records} WHERE stream = ${literal(stream)})
  )
)`,
    async sources() {
      return `(
  SELECT log_partition, log_offset, regexp_extract(source, ${literal(SOURCE)}, 1) AS source_file,
    CAST(regexp_extract(source, ${literal(SOURCE)}, 2) AS BIGINT) AS source_line
  FROM (SELECT log_partition, log_offset, try(decode(unhex(source))) AS source FROM ${records} WHERE stream = 'events')
  WHERE TRY_CAST(regexp_extract(source, ${literal(SOURCE)}, 2) AS BIGINT) <= ${Number.MAX_SAFE_INTEGER}
)`;
    },
  };
}
