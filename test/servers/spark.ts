import { spawnSync } from 'node:child_process';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openSpark } from '../../adapters/spark/session.ts';
import { runCommand } from './command.ts';
import { ServerError } from './errors.ts';
import { freePort } from './free-port.ts';
import { requireJdk, requireMaven } from './prerequisites.ts';
import { pythonFolder } from './python.ts';
import { launchServer, type Server } from './server.ts';
import { softwareFolder } from './software.ts';

/** Where Spark is, and the jars that it needs beside its own. */
export interface SparkSoftware {
  readonly home: string;
  readonly jars: string;
  /** An interpreter that has pyspark. */
  readonly python: string;
}

const VERSION = '4.2.0';
const JARS = join(import.meta.dirname, '..', '..', 'adapters', 'spark', 'server');
/** Most of what a short test costs is the start of five Java machines. */
const QUICK_START = '-XX:TieredStopAtLevel=1 -XX:+UseSerialGC';
/** What clients must show; the server listens on 127.0.0.1 only. */
const TOKEN = 'eventlake-test-secret';

/** Installs Spark from PyPI, and the jars for Delta, Kafka, Avro and S3 from Maven. */
export async function installSpark(): Promise<SparkSoftware> {
  await requireJdk();
  const folder = await pythonFolder(`spark-${VERSION}`, 'spark/requirements.txt');
  const jars = await softwareFolder(`spark-jars-${VERSION}`, async (part) => {
    const maven = await requireMaven();
    await cp(join(JARS, 'pom.xml'), join(part, 'pom.xml'));
    await runCommand(maven, ['-B', '-q', 'dependency:copy-dependencies'], { cwd: part });
    const libs = join(part, 'libs');
    const listed = await readFile(join(JARS, 'jars.sha256'), 'utf8');
    // The image of the stack has those that are listed.
    const sums = join(part, 'jars.sha256');
    await writeFile(sums, listed.replaceAll(/ {2}.*\//g, '  '));
    await runCommand('sha256sum', ['--check', '--quiet', sums], { cwd: libs });
    const unlisted = (await readdir(libs)).filter((jar) => !listed.includes(`/${jar}\n`));
    if (unlisted.length > 0)
      throw new ServerError('test:jar_unlisted', `jars.sha256 lacks ${unlisted.join(', ')}`);
  });
  const python = join(folder, 'bin', 'python');
  const where = 'import importlib.util as u; print(u.find_spec("pyspark").submodule_search_locations[0])';
  const home = (await runCommand(python, ['-c', where])).trim();
  return { home, jars: join(jars, 'libs', '*'), python };
}

/** How a cluster differs from that of the tests. */
export interface SparkOptions {
  /** The Connect server's port; a free one when absent. */
  readonly port?: number;
  /** Properties of Spark, beside those of the tests. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly javaOptions?: string;
}

/** Starts a standalone master, a worker and a Connect server, with small heaps. */
export async function startSpark(
  folder: string,
  { port: wanted, settings = {}, javaOptions = QUICK_START }: SparkOptions = {},
): Promise<Server> {
  const { jars } = await installSpark();
  const masterPort = await freePort();
  const port = wanted ?? (await freePort());
  const config = join(folder, 'conf');
  await mkdir(config, { recursive: true });
  await cp(join(import.meta.dirname, 'spark', 'log4j2.properties'), join(config, 'log4j2.properties'));
  const properties = Object.entries({
    ...propertiesOf(folder, port, jars),
    'spark.master': `spark://127.0.0.1:${masterPort}`,
    ...settings,
  });
  await writeFile(
    join(config, 'spark-defaults.conf'),
    properties.map((pair) => `${pair.join(' ')}\n`).join(''),
  );
  return launchServer({
    name: 'spark',
    port,
    folder,
    command: join(import.meta.dirname, 'spark', 'cluster.sh'),
    args: [folder, String(masterPort)],
    env: { ...(await sparkVariables(folder)), JAVA_TOOL_OPTIONS: javaOptions },
    isReady: () => isSparkReady(remoteOf({ port })),
    timeoutSeconds: 300,
  });
}

/** The environment of Spark's own programs that are to use the cluster in the folder. */
export async function sparkVariables(folder: string): Promise<Record<string, string>> {
  const { home, python } = await installSpark();
  const java = await requireJdk();
  return {
    ...{ SPARK_HOME: home, SPARK_CONF_DIR: join(folder, 'conf'), SPARK_LOCAL_IP: '127.0.0.1' },
    ...{ PYSPARK_PYTHON: python, JAVA_HOME: java.home },
  };
}

/**
 * Ends processes of a cluster with SIGKILL, and answers with how many there were: its executors, which the
 * worker starts again, or the Connect server, with which the cluster ends.
 */
export function killSpark({ pid }: Pick<Server, 'pid'>, part: 'executors' | 'connect'): number {
  const mainClass = part === 'executors' ? '.CoarseGrainedExecutorBackend' : '.SparkConnectServer';
  const { stdout } = spawnSync('ps', ['-ww', '-A', '-o', 'pid=,pgid=,args='], { encoding: 'utf8' });
  const found = stdout.split('\n').flatMap((line) => {
    const [each, group] = line.trim().split(/ +/).map(Number);
    return group === pid && line.includes(mainClass) ? [Number(each)] : [];
  });
  for (const each of found) process.kill(each, 'SIGKILL');
  return found.length;
}

/** What SPARK_REMOTE says of a server that was started here. */
export function remoteOf({ port }: Pick<Server, 'port'>): string {
  return `sc://127.0.0.1:${port}/;token=${TOKEN}`;
}

/** Whether the server has an executor that computes for its clients. */
export async function isSparkReady(remote: string): Promise<boolean> {
  const session = await openSpark(remote, {
    deadlines: { connect: 2000, request: 30_000, statement: 60_000 },
  });
  try {
    const [row] = await session.rows('SELECT count(*) AS n FROM range(0, 10, 1, 1)');
    return row?.n === 10n;
  } finally {
    await session.close();
  }
}

function propertiesOf(folder: string, port: number, jars: string): Record<string, string> {
  return {
    'spark.app.name': 'eventlake-test',
    'spark.driver.memory': '600m',
    'spark.executor.memory': '600m',
    // Others may start a Connect server of their own on the same worker.
    'spark.cores.max': '2',
    'spark.driver.extraClassPath': jars,
    'spark.executor.extraClassPath': jars,
    'spark.driver.host': '127.0.0.1',
    'spark.ui.enabled': 'false',
    'spark.master.rest.enabled': 'false',
    'spark.connect.grpc.binding.address': '127.0.0.1',
    'spark.connect.grpc.binding.port': String(port),
    'spark.connect.authenticate.token': TOKEN,
    // A client that was killed leaves its statement running for that long.
    'spark.connect.execute.manager.detachedTimeout': '10s',
    'spark.connect.execute.manager.maintenanceInterval': '5s',
    'spark.sql.shuffle.partitions': '4',
    'spark.sql.extensions': 'io.delta.sql.DeltaSparkSessionExtension',
    'spark.sql.catalog.spark_catalog': 'org.apache.spark.sql.delta.catalog.DeltaCatalog',
    'spark.sql.catalogImplementation': 'in-memory',
    'spark.sql.warehouse.dir': join(folder, 'warehouse'),
    // As a cluster may be set and the lake must not get it: sessions correct this.
    'spark.sql.session.timeZone': 'America/New_York',
    'spark.sql.parquet.outputTimestampType': 'INT96',
    'spark.sql.parquet.compression.codec': 'snappy',
    'spark.sql.ansi.enabled': 'false',
    'spark.databricks.delta.properties.defaults.enableDeletionVectors': 'true',
    'spark.databricks.delta.properties.defaults.columnMapping.mode': 'name',
  };
}
