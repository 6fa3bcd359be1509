import { readFileSync } from 'node:fs';
import { UsageError } from '../core/errors.ts';
import { nearest } from '../core/nearest.ts';
import { readEnvFile } from './env-file.ts';
import { readIniSettings } from './ini-settings.ts';
import { type Environment, SETTINGS } from './settings.ts';

/** Settings whose value is a secret: `<NAME>_FILE` may name a file that holds it. */
const SECRETS = [
  'KAFKA_SASL_PASSWORD',
  'MINIO_ACCESS_KEY',
  'MINIO_SECRET_KEY',
  'ELASTICSEARCH_PASSWORD',
  'WAREHOUSE_URL',
  'SPARK_REMOTE',
];
/** With these words our variables begin. */
const PREFIX = /^(KAFKA|MINIO|ELASTICSEARCH|WAREHOUSE|KIBANA|SPARK|EVENTLAKE|GEOIP|BATCH|LOG|METRICS)_/;
/** Variables of .env that the Docker stack and the tests read, and a job does not. */
const OTHERS = new Set(
  `KAFKA_PORT KAFKA_RETENTION_HOURS MINIO_PORT MINIO_CONSOLE_PORT MINIO_CONSOLE_URL MINIO_MC_TAG MINIO_ROOT_USER MINIO_ROOT_PASSWORD
  ELASTICSEARCH_PORT ELASTICSEARCH_HEAP ELASTICSEARCH_MEMORY ELASTICSEARCH_PUBLIC_URL KIBANA_PORT KIBANA_ENCRYPTION_KEY EVENTLAKE_MEMORY
  EVENTLAKE_REQUIRE_DOCKER SPARK_CONNECT_PORT SPARK_CORES SPARK_HEAP SPARK_MEMORY SPARK_UI_PORT
  WAREHOUSE_PORT`.split(/\s+/),
);

/** What a job's settings are read from, and what is doubtful in it. */
export interface GivenEnvironment {
  readonly environment: Environment;
  /** Variables that look like settings and are none, each with its place and the nearest known name. */
  readonly warnings: readonly string[];
}

/** Files of settings that a command names. */
export interface SettingsFiles {
  /** Of lines `NAME=value`. */
  readonly envFile?: string | undefined;
  /** An INI file. */
  readonly config?: string | undefined;
}

/**
 * The process's environment, below it the variables of an env file if one is named, the secrets that
 * `<NAME>_FILE` points at, and below all of these what an INI file says. What is set in the environment wins,
 * also when it is empty.
 * @throws UsageError as {@link readEnvFile} and {@link readIniSettings}, and `settings:invalid` for a
 *   secret's file that cannot be read.
 */
export function readEnvironment(
  process: Environment,
  { envFile, config }: SettingsFiles = {},
): GivenEnvironment {
  const fromFile = envFile === undefined ? [] : readEnvFile(envFile);
  const warnings = fromFile
    .filter(({ name }) => isUnknown(name))
    .map(({ name, line }) => `${envFile}:${line}: ${unknown(name)}`);
  // Other programs have variables with these prefixes: in the environment only what is nearly one of ours is
  // doubtful.
  for (const name of Object.keys(process))
    if (isUnknown(name) && nearest(name, SETTINGS) !== null)
      warnings.push(`The environment: ${unknown(name)}`);
  const environment: Environment = {
    ...Object.fromEntries(fromFile.map(({ name, value }) => [name, value])),
    ...process,
  };
  for (const name of SECRETS) environment[name] ??= secretOf(environment, `${name}_FILE`);
  if (config === undefined) return { environment, warnings };
  const ini = readIniSettings(config);
  return {
    environment: { ...ini.environment, ...defined(environment) },
    warnings: [...warnings, ...ini.warnings],
  };
}

function defined(environment: Environment): Environment {
  return Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined));
}

function isUnknown(name: string): boolean {
  return PREFIX.test(name) && !SETTINGS.has(name) && !OTHERS.has(name) && !isSecretFile(name);
}

function isSecretFile(name: string): boolean {
  return SECRETS.some((secret) => name === `${secret}_FILE`);
}

function unknown(name: string): string {
  const known = nearest(name, [...SETTINGS, ...OTHERS]);
  return `${name} is no setting of eventlake${known === null ? '' : `; did you mean ${known}?`}`;
}

function secretOf(environment: Environment, variable: string): string | undefined {
  const file = environment[variable];
  if (file === undefined || file === '') return undefined;
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new UsageError('settings:invalid', `${variable}: ${file} cannot be read: ${reason}`, { cause });
  }
}
