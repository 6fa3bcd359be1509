import { resolve } from 'node:path';
import { z } from 'zod';
import { UsageError } from '../core/errors.ts';

export type Environment = Record<string, string | undefined>;

/**
 * Everything that the environment decides, typed and checked. A null group means the embedded default, or no
 * such system.
 */
export interface Settings {
  readonly kafka: {
    readonly brokers: string[];
    readonly ssl: boolean;
    readonly sasl: {
      mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
      username: string;
      password: string;
    } | null;
  } | null;
  /** Null: the dataset's name. */
  readonly topic: string | null;
  readonly partitions: number;
  readonly minio: {
    readonly endpoint: string;
    readonly bucket: string;
    readonly accessKey: string;
    readonly secretKey: string;
  } | null;
  readonly elasticsearch: {
    readonly url: string;
    /** Null: the one that the dataset names. */
    readonly index: string | null;
    readonly login: { readonly username: string; readonly password: string } | null;
  } | null;
  /** Address of PostgreSQL, with user and password; null: nothing is published there. */
  readonly warehouse: { readonly url: string; readonly writeMode: 'batch' | 'partition' } | null;
  /** Where the dashboard is imported; null where there is no Kibana. */
  readonly kibana: string | null;
  readonly environment: string;
  /** Folder of the embedded log and lake, of caches and of temporary files; absolute. */
  readonly home: string;
  /** Folder of datasets that is searched before the project's own; absolute. Null: there is none. */
  readonly datasets: string | null;
  /**
   * MMDB file in which addresses are looked up; absolute. Null: the database of countries that comes with
   * eventlake.
   */
  readonly geoipDatabase: string | null;
  /** What archives and computes models. */
  readonly engine: 'duckdb' | 'spark';
  /** Connection string of the Spark Connect server, perhaps with a token; null: not given. */
  readonly sparkRemote: string | null;
  /** An archive batch ends at the first of these that is reached. */
  readonly batchRows: number;
  /** In the place of `batchRows` where Spark archives. */
  readonly sparkBatchRows: number;
  readonly batchSeconds: number;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  readonly logFormat: 'text' | 'json';
  /** Where metrics and health are served while a job runs; null: nowhere. */
  readonly metrics: { readonly host: string; readonly port: number } | null;
  /** The token that the dashboard asks for, or the file that holds it; null: not given. */
  readonly dashboard: { readonly token: string | null; readonly tokenFile: string | null };
}

const count = (most: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(1, 'must be at least 1').max(most, `must be at most ${most}`));
const httpUrl = (port: number) =>
  z.url({ protocol: /^https?$/, message: `must be an address such as http://localhost:${port}` });
const broker = /^[^\s,:/]+:\d{1,5}$/;

const variables = z.object({
  KAFKA_BROKERS: z
    .string()
    .transform((text) => text.split(',').map((part) => part.trim()))
    .refine(
      (list) => list.every((item) => broker.test(item)),
      'must be host:port, several separated by commas',
    )
    .optional(),
  KAFKA_TOPIC: z
    .string()
    // A folder of the embedded log has this name, too.
    .regex(
      /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,200}$/,
      'must be letters, digits, ".", "_" and "-", and not "." or ".."',
    )
    .optional(),
  KAFKA_PARTITIONS: count(1000).default(4),
  KAFKA_SASL_MECHANISM: z
    .string()
    .transform((text) => text.toLowerCase())
    .pipe(
      z.enum(['plain', 'scram-sha-256', 'scram-sha-512'], 'must be plain, scram-sha-256 or scram-sha-512'),
    )
    .optional(),
  KAFKA_SASL_USERNAME: z.string().optional(),
  KAFKA_SASL_PASSWORD: z.string().optional(),
  KAFKA_SSL: z.enum(['true', 'false'], 'must be true or false').optional(),
  MINIO_ENDPOINT: httpUrl(9000).optional(),
  MINIO_BUCKET: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be 3 to 63 lower-case letters, digits, "." and "-"')
    .default('data-lake'),
  MINIO_ACCESS_KEY: z.string().optional(),
  MINIO_SECRET_KEY: z.string().optional(),
  ELASTICSEARCH_URL: httpUrl(9200).optional(),
  ELASTICSEARCH_INDEX: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,200}$/, 'must be lower-case letters, digits, ".", "_" and "-"')
    .optional(),
  ELASTICSEARCH_USERNAME: z.string().optional(),
  ELASTICSEARCH_PASSWORD: z.string().optional(),
  WAREHOUSE_URL: z
    .url({
      protocol: /^postgres(ql)?$/,
      message: 'must be an address such as postgres://user:password@localhost:5432/database',
    })
    .optional(),
  WAREHOUSE_WRITE_MODE: z.enum(['batch', 'partition'], 'must be batch or partition').default('batch'),
  KIBANA_URL: httpUrl(5601).optional(),
  ENVIRONMENT: z.string().default('local'),
  EVENTLAKE_HOME: z.string().default('.eventlake'),
  EVENTLAKE_DATASETS: z.string().optional(),
  GEOIP_DATABASE: z.string().optional(),
  ENGINE: z.enum(['duckdb', 'spark'], 'must be duckdb or spark').default('duckdb'),
  SPARK_REMOTE: z.string().startsWith('sc://', 'must be an address such as sc://localhost:15002').optional(),
  SPARK_BATCH_ROWS: count(1_000_000_000).default(5_000_000),
  BATCH_ROWS: count(100_000_000).default(150_000),
  BATCH_SECONDS: count(86_400).default(30),
  LOG_LEVEL: z
    .enum(['debug', 'info', 'warn', 'error', 'silent'], 'must be debug, info, warn, error or silent')
    .default('info'),
  LOG_FORMAT: z.enum(['text', 'json'], 'must be text or json').default('text'),
  METRICS_PORT: count(65_535).optional(),
  METRICS_HOST: z.string().default('127.0.0.1'),
  DASHBOARD_TOKEN: z.string().optional(),
  DASHBOARD_TOKEN_FILE: z.string().optional(),
});

/** Every variable that is a setting. */
export const SETTINGS: ReadonlySet<string> = new Set(Object.keys(variables.shape));

/** Variables that make sense only together: all of a group or none. */
const groups = [
  { all: ['KAFKA_SASL_MECHANISM', 'KAFKA_SASL_USERNAME', 'KAFKA_SASL_PASSWORD'], needs: 'KAFKA_BROKERS' },
  { all: ['MINIO_ENDPOINT', 'MINIO_ACCESS_KEY', 'MINIO_SECRET_KEY'] },
  { all: ['ELASTICSEARCH_USERNAME', 'ELASTICSEARCH_PASSWORD'], needs: 'ELASTICSEARCH_URL' },
] as const;

/**
 * Reads the settings from an environment; empty variables count as absent.
 * @throws UsageError `settings:invalid` naming every wrong or half-set variable; values of secrets are never
 *   shown.
 */
export function readSettings(environment: Environment): Settings {
  const given: Environment = Object.fromEntries(
    Object.entries(environment).filter(([key, value]) => key in variables.shape && value !== ''),
  );
  const complaints: string[] = [];
  const result = variables.safeParse(given);
  if (!result.success) {
    for (const issue of result.error.issues) {
      const variable = String(issue.path[0]);
      const shown = /PASSWORD|SECRET|TOKEN|URL|ENDPOINT|REMOTE/.test(variable)
        ? ''
        : ` (it is "${given[variable]}")`;
      complaints.push(`${variable} ${issue.message}${shown}`);
    }
  }
  for (const group of groups) {
    const set = group.all.filter((variable) => given[variable] !== undefined);
    if (set.length === 0) continue;
    for (const variable of group.all) {
      if (given[variable] === undefined)
        complaints.push(`${variable} is missing, though ${set.join(' and ')} is set`);
    }
    if ('needs' in group && given[group.needs] === undefined) {
      complaints.push(`${group.needs} is missing, though ${set.join(' and ')} is set`);
    }
  }
  if (complaints.length > 0 || !result.success) {
    throw new UsageError('settings:invalid', complaints.join('\n'), {
      hint: 'Set it in the environment or in the file given by --env-file or --config; .env lists every setting.',
    });
  }
  return assemble(result.data);
}

function assemble(v: z.infer<typeof variables>): Settings {
  const { KAFKA_SASL_MECHANISM: mechanism, KAFKA_SASL_USERNAME: username, KAFKA_SASL_PASSWORD: password } = v;
  const { ELASTICSEARCH_USERNAME: user, ELASTICSEARCH_PASSWORD: word } = v;
  return {
    kafka: v.KAFKA_BROKERS
      ? {
          brokers: v.KAFKA_BROKERS,
          ssl: v.KAFKA_SSL === 'true',
          sasl: mechanism && username && password ? { mechanism, username, password } : null,
        }
      : null,
    topic: v.KAFKA_TOPIC ?? null,
    partitions: v.KAFKA_PARTITIONS,
    minio:
      v.MINIO_ENDPOINT && v.MINIO_ACCESS_KEY && v.MINIO_SECRET_KEY
        ? {
            endpoint: v.MINIO_ENDPOINT,
            bucket: v.MINIO_BUCKET,
            accessKey: v.MINIO_ACCESS_KEY,
            secretKey: v.MINIO_SECRET_KEY,
          }
        : null,
    elasticsearch: v.ELASTICSEARCH_URL
      ? {
          url: v.ELASTICSEARCH_URL,
          index: v.ELASTICSEARCH_INDEX ?? null,
          login: user && word ? { username: user, password: word } : null,
        }
      : null,
    warehouse: v.WAREHOUSE_URL ? { url: v.WAREHOUSE_URL, writeMode: v.WAREHOUSE_WRITE_MODE } : null,
    kibana: v.KIBANA_URL ?? null,
    environment: v.ENVIRONMENT,
    home: resolve(v.EVENTLAKE_HOME),
    datasets: v.EVENTLAKE_DATASETS === undefined ? null : resolve(v.EVENTLAKE_DATASETS),
    geoipDatabase: v.GEOIP_DATABASE === undefined ? null : resolve(v.GEOIP_DATABASE),
    engine: v.ENGINE,
    sparkRemote: v.SPARK_REMOTE ?? null,
    batchRows: v.BATCH_ROWS,
    sparkBatchRows: v.SPARK_BATCH_ROWS,
    batchSeconds: v.BATCH_SECONDS,
    logLevel: v.LOG_LEVEL,
    logFormat: v.LOG_FORMAT,
    metrics: v.METRICS_PORT === undefined ? null : { host: v.METRICS_HOST, port: v.METRICS_PORT },
    dashboard: { token: v.DASHBOARD_TOKEN ?? null, tokenFile: v.DASHBOARD_TOKEN_FILE ?? null },
  };
}
