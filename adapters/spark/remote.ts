import { UsageError } from '../../core/errors.ts';

/** A Spark Connect server, as SPARK_REMOTE names it. */
export interface SparkRemote {
  /** `host:port`; what messages show. */
  readonly address: string;
  readonly token: string | undefined;
  readonly isEncrypted: boolean;
}

const DEFAULT_PORT = 15_002;
const PARAMETERS = ['token', 'use_ssl'];
const FORM = 'sc://host:15002/;token=secret;use_ssl=true';

/**
 * Reads a
 * {@link https://github.com/apache/spark/blob/v4.2.0/sql/connect/docs/client-connection-string.md connection string}
 * of Spark's own clients: `sc://host:port/;token=…;use_ssl=true`.
 *
 * @throws UsageError `settings:invalid`, which does not repeat the text: it may hold a token
 */
export function parseRemote(text: string): SparkRemote {
  const [, authority, list = ''] = /^sc:\/\/([^/;?#@]+)(?:\/(?:;(.*))?)?$/.exec(text) ?? [];
  if (authority === undefined) throw invalid(`is not of the form ${FORM}`);
  const [, host, digits] = /^(\[[0-9a-fA-F:]+\]|[^:[\]\s]+)(?::(\d{1,5}))?$/.exec(authority) ?? [];
  const port = digits === undefined ? DEFAULT_PORT : Number(digits);
  if (host === undefined || port < 1 || port > 65_535) throw invalid('has no valid host and port');
  const parameters = new Map<string, string>();
  for (const part of list.split(';').filter((each) => each !== '')) {
    const [, name = '', value = ''] = /^([^=]*)=(.*)$/.exec(part) ?? [];
    if (!PARAMETERS.includes(name)) throw invalid(`may only have the parameters ${PARAMETERS.join(' and ')}`);
    parameters.set(name, decoded(value));
  }
  const ssl = parameters.get('use_ssl') ?? 'false';
  if (ssl !== 'true' && ssl !== 'false') throw invalid('has a use_ssl that is neither true nor false');
  return { address: `${host}:${port}`, token: parameters.get('token'), isEncrypted: ssl === 'true' };
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    throw invalid('has a parameter with a bad %-escape');
  }
}

function invalid(what: string): UsageError {
  return new UsageError('settings:invalid', `SPARK_REMOTE ${what}`, { hint: `Write it as ${FORM}.` });
}
