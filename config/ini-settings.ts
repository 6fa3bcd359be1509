import { existsSync } from 'node:fs';
import { UsageError } from '../core/errors.ts';
import { nearest } from '../core/nearest.ts';
import { type IniEntry, type IniSection, readIniFile } from './ini-file.ts';
import type { Environment } from './settings.ts';

/** What a kind of section holds: the names of its keys, by what they mean. */
interface Kind {
  readonly section: RegExp;
  readonly keys: Readonly<Record<string, readonly string[]>>;
  /** Keys that other programs read. */
  readonly ignored: RegExp;
  settings(file: string, section: IniSection, values: Values): Environment;
}

/** The entry of a meaning, where the section has one. */
type Values = (meaning: string) => IniEntry | undefined;

const ADDRESS = {
  host: ['host'],
  hostIn: ['host_in'],
  hostOut: ['host_out'],
  port: ['port'],
  portIn: ['port_in'],
  portOut: ['port_out'],
};
const KAFKA: Kind = {
  section: /(^|_)kafka$/,
  keys: {
    ...ADDRESS,
    servers: ['bootstrap.servers', 'bootstrap_servers', 'servers'],
    protocol: ['security.protocol', 'security_protocol'],
    mechanism: ['sasl.mechanism', 'sasl.mechanisms', 'sasl_mechanism'],
    jaas: ['sasl.jaas.config'],
    user: ['username', 'user', 'sasl.username'],
    password: ['password', 'sasl.password'],
  },
  // Options of Spark and of other clients. The topic is the dataset's.
  ignored:
    /^(subscribe|startingoffsets|endingoffsets|failondataloss|maxoffsetspertrigger|minpartitions|group\.id|default_.*)$/,
  settings: kafkaSettings,
};
const POSTGRES: Kind = {
  section: /(^|_)postgres(ql)?$/,
  keys: {
    ...ADDRESS,
    database: ['database', 'dbname'],
    user: ['user', 'username'],
    password: ['password'],
    sslmode: ['sslmode'],
  },
  ignored: /^(driver|url)$/,
  settings: postgresSettings,
};
const KINDS = [KAFKA, POSTGRES];
/** Sections of other programs. */
const IGNORED = /(^|_)(spark|mongodb)$|^data_paths$/;
const KNOWN = ['docker', 'local', 'remote'].flatMap((place) =>
  ['kafka', 'postgres', 'spark'].map((system) => `${place}_${system}`),
);

/** What an INI file says, as variables of the environment, and what is doubtful in it. */
export interface IniSettings {
  readonly environment: Environment;
  readonly warnings: readonly string[];
}

/**
 * Reads the servers that an INI file names in sections such as `[remote_kafka]` and `[docker_postgres]`;
 * docs/settings.md lists their keys. Of several sections for one system the first is taken.
 * @param isInside whether this program runs in a container: it takes `host_in` and `port_in` then, and else
 *   `host_out` and `port_out`
 * @throws UsageError as {@link readIniFile}, and `settings:invalid` naming file and line of a value that is
 *   wrong or missing
 */
export function readIniSettings(file: string, isInside = isInContainer()): IniSettings {
  const environment: Environment = {};
  const warnings: string[] = [];
  const taken = new Map<Kind, IniSection>();
  for (const section of readIniFile(file)) {
    const at = `${file}:${section.line}: [${section.name}]`;
    const kind = KINDS.find(({ section: name }) => name.test(section.name));
    const before = kind && taken.get(kind);
    if (kind && !before) {
      taken.set(kind, section);
      const { values, unknown } = sorted(kind, section, isInside);
      Object.assign(environment, kind.settings(file, section, values));
      warnings.push(
        ...unknown.map(({ key, line }) => `${file}:${line}: ${unknownKey(kind, section.name, key)}`),
      );
    } else if (before) {
      warnings.push(`${at} is not used: [${before.name}] on line ${before.line} comes first`);
    } else if (!IGNORED.test(section.name)) {
      const known = nearest(section.name, KNOWN);
      warnings.push(`${at} is no section for eventlake${known === null ? '' : `; did you mean [${known}]?`}`);
    }
  }
  return { environment, warnings };
}

function isInContainer(): boolean {
  return ['/.dockerenv', '/run/.containerenv'].some((path) => existsSync(path));
}

function sorted(kind: Kind, { entries }: IniSection, isInside: boolean) {
  const found = new Map<string, IniEntry>();
  const unknown: IniEntry[] = [];
  for (const entry of entries) {
    const key = plainKey(entry.key);
    const meaning = Object.entries(kind.keys).find(([, names]) => names.includes(key))?.[0];
    if (meaning !== undefined) found.set(meaning, entry);
    else if (!kind.ignored.test(key)) unknown.push(entry);
  }
  const [here, there] = isInside ? ['In', 'Out'] : ['Out', 'In'];
  const values: Values = (meaning) =>
    found.get(meaning) ?? found.get(`${meaning}${here}`) ?? found.get(`${meaning}${there}`);
  return { values, unknown };
}

/** Spark marks options of the Kafka client by this prefix. */
function plainKey(key: string): string {
  return key.replace(/^kafka\./, '');
}

function unknownKey(kind: Kind, section: string, key: string): string {
  const known = nearest(plainKey(key), Object.values(kind.keys).flat());
  return `${key} is no key of [${section}] for eventlake${known === null ? '' : `; did you mean ${known}?`}`;
}

function kafkaSettings(file: string, section: IniSection, values: Values): Environment {
  const brokers = values('servers')?.value ?? addressOf(file, section, values, 9092);
  const protocol = values('protocol');
  const security = protocol?.value.toUpperCase();
  if (protocol && !/^(SASL_)?(PLAINTEXT|SSL)$/.test(security ?? '')) {
    throw wrong(file, protocol, 'must be PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL');
  }
  const jaas = values('jaas');
  const login = jaas
    ? loginOf(file, jaas)
    : { username: values('user')?.value, password: values('password')?.value };
  const hasLogin = security === undefined ? login.username !== undefined : security.startsWith('SASL_');
  return {
    KAFKA_BROKERS: brokers,
    KAFKA_SSL: security?.endsWith('SSL') ? 'true' : 'false',
    ...(hasLogin
      ? {
          KAFKA_SASL_MECHANISM: values('mechanism')?.value ?? 'PLAIN',
          KAFKA_SASL_USERNAME: login.username,
          KAFKA_SASL_PASSWORD: login.password,
        }
      : {}),
  };
}

/**
 * User and password of a line such as `org.…PlainLoginModule required username="…" password="…";`, the form
 * of Kafka's {@link https://kafka.apache.org/documentation/#security_sasl_jaasconfig sasl.jaas.config}.
 */
function loginOf(file: string, jaas: IniEntry): { username: string; password: string } {
  const option = (name: string) => {
    const [, quoted, bare] =
      new RegExp(`\\s${name}\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s";]+))`).exec(jaas.value) ?? [];
    return quoted?.replaceAll(/\\(.)/g, '$1') ?? bare;
  };
  const [username, password] = [option('username'), option('password')];
  if (username === undefined || password === undefined)
    throw wrong(file, jaas, 'must have username="…" and password="…"');
  return { username, password };
}

function postgresSettings(file: string, section: IniSection, values: Values): Environment {
  const part = (meaning: string) => encodeURIComponent(required(file, section, values, meaning));
  const address = addressOf(file, section, values, 5432);
  const sslmode = values('sslmode');
  const query = sslmode ? `?sslmode=${encodeURIComponent(sslmode.value)}` : '';
  return {
    WAREHOUSE_URL: `postgres://${part('user')}:${part('password')}@${address}/${part('database')}${query}`,
  };
}

function addressOf(file: string, section: IniSection, values: Values, port: number): string {
  const host = required(file, section, values, 'host');
  return `${host.includes(':') ? `[${host}]` : host}:${values('port')?.value ?? port}`;
}

function required(file: string, section: IniSection, values: Values, meaning: string): string {
  const value = values(meaning)?.value;
  if (value !== undefined && value !== '') return value;
  throw new UsageError('settings:invalid', `${file}:${section.line}: [${section.name}] has no ${meaning}`, {
    hint: 'docs/settings.md lists the keys of each section.',
  });
}

function wrong(file: string, { key, line }: IniEntry, what: string): UsageError {
  // The value may hold a password.
  return new UsageError('settings:invalid', `${file}:${line}: ${key} ${what}`, {
    hint: 'docs/settings.md lists the keys of each section.',
  });
}
