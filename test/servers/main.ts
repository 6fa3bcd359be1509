import { Argument, Command } from 'commander';
import { ServerError } from './errors.ts';
import { MINIO_TEST_ACCOUNT } from './minio.ts';
import { requireChromium } from './prerequisites.ts';
import { installPromtool } from './promtool.ts';
import { installPython } from './python.ts';
import { type AnyServerName, runningServer, stopServer } from './server.ts';
import { answers, POSTGRES, SPARK, startTestServer, TEST_SERVERS, testServerFolder } from './test-servers.ts';

const OPTIONAL = [POSTGRES, SPARK];
const ALL = [...TEST_SERVERS, ...OPTIONAL];

const program = new Command('services')
  .description(
    'Real Kafka, MinIO, Elasticsearch, PostgreSQL and Spark servers for tests, on 127.0.0.1 and without Docker.',
  )
  .showHelpAfterError();

program
  .command('install')
  .description(
    'fetch or build the servers, a Python that reads the lake, and promtool, into the cache; have a browser for the page',
  )
  .action(async () => {
    for (const server of ALL) await server.install();
    await installPython();
    await installPromtool();
    await requireChromium();
  });

program
  .command('start')
  .description('start the servers that do not run yet; one that has to be started begins empty')
  .addArgument(new Argument('[optional...]', 'started as well').choices(OPTIONAL.map(({ name }) => name)))
  .action(async (optional: readonly string[]) => {
    const servers = ALL.filter((server) => !OPTIONAL.includes(server) || optional.includes(server.name));
    // One after the other: software is built with all processors, and the lines stay readable.
    for (const server of servers) {
      const started = performance.now();
      const address = await startTestServer(server);
      console.error(
        `${server.name}: ${address}, ready in ${((performance.now() - started) / 1000).toFixed(1)} s`,
      );
    }
  });

program
  .command('stop')
  .description('stop the servers; their data stays until they are started again')
  .action(async () => {
    await Promise.all(
      ALL.map(async ({ name }) => {
        const server = runningServer(testServerFolder(name));
        if (server !== undefined) await stopServer(server);
        console.error(`${name}: ${server === undefined ? 'was not running' : 'stopped'}`);
      }),
    );
  });

program
  .command('status')
  .description(
    'say which servers run, where, and whether they answer; fails unless all do that every test run needs',
  )
  .action(async () => {
    for (const server of ALL) {
      const running = runningServer(testServerFolder(server.name));
      if (running === undefined && OPTIONAL.includes(server)) continue;
      const isReady = running !== undefined && (await answers(server, server.address(running)));
      if (!isReady) process.exitCode = 1;
      if (running === undefined) console.log(`${server.name.padEnd(14)} stopped`);
      else {
        const state = isReady ? 'ready' : 'not answering';
        console.log(
          `${server.name.padEnd(14)} ${state}  ${server.address(running)}  process ${running.pid}  ${running.folder}`,
        );
      }
    }
  });

program
  .command('env')
  .description('print the settings of a pipeline that uses the servers, for the shell: eval "$(… env)"')
  .action(() => {
    const addresses = new Map<AnyServerName, string>();
    for (const testServer of ALL) {
      const { name, address } = testServer;
      const server = runningServer(testServerFolder(name));
      if (server === undefined) {
        if (OPTIONAL.includes(testServer)) continue;
        throw new ServerError('services:not_running', `${name} does not run.`, {
          hint: 'Start it: make services',
        });
      }
      addresses.set(name, address(server));
    }
    console.log(`export KAFKA_BROKERS=${addresses.get('kafka')}`);
    console.log(`export MINIO_ENDPOINT=${addresses.get('minio')}`);
    console.log(`export MINIO_ACCESS_KEY=${MINIO_TEST_ACCOUNT.accessKey}`);
    console.log(`export MINIO_SECRET_KEY=${MINIO_TEST_ACCOUNT.secretKey}`);
    console.log(`export ELASTICSEARCH_URL=${addresses.get('elasticsearch')}`);
    if (addresses.has('postgres')) console.log(`export WAREHOUSE_URL=${addresses.get('postgres')}`);
    if (addresses.has('spark')) console.log(`export SPARK_REMOTE='${addresses.get('spark')}'`);
  });

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof ServerError)) throw error;
  console.error(error.message);
  if (error.hint !== undefined) console.error(error.hint);
  process.exitCode = 1;
}
