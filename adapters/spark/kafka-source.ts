import type { Stream } from '../../core/contracts.ts';
import type { OffsetRange } from './offsets-batch.ts';
import { text } from './sql-text.ts';

/** How Spark's executors reach the log. Addresses must be theirs, too. */
export interface SparkKafka {
  readonly brokers: readonly string[];
  readonly ssl: boolean;
  /** Certificates (PEM) that are trusted; without any, those that Java trusts. */
  readonly trusted?: readonly string[];
  readonly sasl?: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
    readonly username: string;
    readonly password: string;
  };
  readonly topics: Readonly<Record<Stream, string>>;
}

/** The session's property that holds the password, so that no statement shows it. */
const PASSWORD = 'eventlake.kafka.login';

/**
 * After each poll Spark asks the broker twice which offsets there are, and a poll of Kafka's own 500 records
 * is not worth it. Fetches stay as large as they are.
 */
const POLL_RECORDS = 2_000;

/** What the session must know before it reads the log. */
export function kafkaSettings({ sasl }: SparkKafka): Record<string, string> {
  // It stands in a text of SQL.
  return sasl ? { [PASSWORD]: text(quoted(sasl.password)).slice(1, -1) } : {};
}

/**
 * The value as a quoted text of a JAAS configuration, its characters as octal numbers: Spark hides the values
 * of properties that have words such as `secret` in them, also from itself.
 */
function quoted(value: string): string {
  const octal = (character: string) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`;
  return `"${value.replaceAll(/[^\u0100-\uffff]/g, octal)}"`;
}

/** What a view of the log is to show. */
export interface LogView {
  readonly name: string;
  readonly stream: Stream;
  /** All of the stream. */
  readonly ranges: readonly OffsetRange[];
  /** Whether it has the column `headers`. Spark makes it for every record, also where no query reads it. */
  readonly headers: boolean;
}

/**
 * A statement that makes a view of the committed records of these offsets: topic, partition, offset,
 * timestamp, key, value, headers.
 */
export function kafkaView(
  { brokers, ssl, trusted = [], sasl, topics }: SparkKafka,
  { name, stream, ranges, headers }: LogView,
): string {
  const topic = topics[stream];
  const offsets = (of: (range: OffsetRange) => bigint) =>
    `{${JSON.stringify(topic)}:{${ranges.map((range) => `"${range.partition}":${of(range)}`).join(',')}}}`;
  const protocol = `${sasl ? 'SASL_' : ''}${ssl ? 'SSL' : 'PLAINTEXT'}`;
  const options: Record<string, string> = {
    'kafka.bootstrap.servers': brokers.join(','),
    'kafka.security.protocol': protocol,
    'kafka.isolation.level': 'read_committed',
    'kafka.max.poll.records': String(POLL_RECORDS),
    assign: JSON.stringify({ [topic]: ranges.map(({ partition }) => partition) }),
    startingOffsets: offsets(({ from }) => from),
    endingOffsets: offsets(({ to }) => to),
    failOnDataLoss: 'true',
    includeHeaders: String(headers),
  };
  if (ssl && trusted.length > 0) {
    // As text: executors have no file of this machine.
    options['kafka.ssl.truststore.type'] = 'PEM';
    options['kafka.ssl.truststore.certificates'] = trusted.join('\n');
  }
  const given = Object.entries(options).map(([key, value]) => `${text(key)} ${text(value)}`);
  if (sasl) {
    given.push(`'kafka.sasl.mechanism' ${text(sasl.mechanism.toUpperCase())}`);
    const module = sasl.mechanism === 'plain' ? 'plain.PlainLoginModule' : 'scram.ScramLoginModule';
    const login = `org.apache.kafka.common.security.${module} required username=${quoted(sasl.username)} password=`;
    given.push(`'kafka.sasl.jaas.config' '${text(login).slice(1, -1)}\${${PASSWORD}};'`);
  }
  return `CREATE OR REPLACE TEMPORARY VIEW ${name} USING kafka OPTIONS (${given.join(', ')})`;
}
