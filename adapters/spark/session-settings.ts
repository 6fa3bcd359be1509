import { hasCode } from '../../core/errors.ts';
import type { SparkConnection } from './connection.ts';
import { unsuitable } from './errors.ts';

/** Properties on which values and written files depend; a cluster may have other defaults. */
const SETTINGS: Readonly<Record<string, string>> = {
  'spark.sql.session.timeZone': 'UTC',
  'spark.sql.timestampType': 'TIMESTAMP_LTZ',
  'spark.sql.ansi.enabled': 'true',
  'spark.sql.parser.escapedStringLiterals': 'false',
  'spark.sql.parquet.outputTimestampType': 'TIMESTAMP_MICROS',
  'spark.sql.parquet.compression.codec': 'zstd',
  'spark.sql.parquet.writeLegacyFormat': 'false',
  // Dates before 1582 are those of the calendar of today, as everywhere else.
  'spark.sql.parquet.datetimeRebaseModeInWrite': 'CORRECTED',
  'spark.sql.parquet.datetimeRebaseModeInRead': 'CORRECTED',
  // What rows are read of.
  'spark.sql.execution.arrow.compression.codec': 'none',
  'spark.sql.execution.arrow.useLargeVarTypes': 'false',
};
/** Begins properties that each new table gets, and so table features that other readers may not know. */
const TABLE_DEFAULTS = 'spark.databricks.delta.properties.defaults.';

/**
 * Begins the session: sets what its values and files depend on, and removes what the cluster would add to new
 * tables. What was set is read back.
 *
 * @throws EventlakeError `spark:unsuitable` when the server keeps something else
 */
export async function prepare(connection: SparkConnection): Promise<void> {
  const defaults = { get_all: { prefix: TABLE_DEFAULTS } };
  const first = await connection.first('Config', { operation: defaults });
  try {
    const keys = first.pairs.map(({ key }) => fullKey(key));
    if (keys.length > 0) await connection.unary('Config', { operation: { unset: { keys } } });
    const pairs = Object.entries(SETTINGS).map(([key, value]) => ({ key, value }));
    await connection.unary('Config', { operation: { set: { pairs } } });
  } catch (error) {
    if (!hasCode(error, 'spark:failed')) throw error;
    throw unsuitable(
      connection.address,
      `the session cannot be set as the lake needs it: ${error.message}`,
      error,
    );
  }
  const { pairs: left } = await connection.unary('Config', { operation: defaults });
  const { pairs: kept } = await connection.unary('Config', {
    operation: { get_option: { keys: Object.keys(SETTINGS) } },
  });
  const wrong = [
    ...left.map(({ key }) => fullKey(key)),
    ...kept.flatMap(({ key, value }) => (value === SETTINGS[key] ? [] : [key])),
  ];
  if (wrong.length > 0) throw unsuitable(connection.address, `the session keeps its own ${wrong.join(', ')}`);
}

/** Spark leaves the prefix out that it was asked for. */
function fullKey(key: string): string {
  return key.startsWith(TABLE_DEFAULTS) ? key : `${TABLE_DEFAULTS}${key}`;
}
