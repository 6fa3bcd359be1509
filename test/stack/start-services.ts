import { EventlakeError } from '../../core/errors.ts';
import { MINIO_TEST_ACCOUNT } from '../../services/minio.ts';
import { installPython } from '../../services/python.ts';
import { answers, startTestServer, TEST_SERVERS, type TestServer } from '../../services/test-servers.ts';
import { composeAddress, composeVariable } from './docker-compose.ts';

/** Where a server of the tests is and how it was found. */
interface Located {
  address: string;
  origin: 'address given' | 'Docker Compose' | 'started here';
}

/** How a server can be named from outside: by a setting of the pipeline, or by its service and port in the Compose stack. */
const OUTSIDE = {
  kafka: { variable: 'KAFKA_BROKERS', port: 9092, scheme: '' },
  minio: { variable: 'MINIO_ENDPOINT', port: 9000, scheme: 'http://' },
  elasticsearch: { variable: 'ELASTICSEARCH_URL', port: 9200, scheme: 'http://' },
};

/**
 * Finds the real servers that the tests in stack/ and crash/ talk to, and tells the tests where they are by environment
 * variables. Jest runs it once, before these tests; the servers are left running for the next time.
 *
 * For each server: the address in the environment if there is one, else the project's Compose stack if it is up, else the
 * server that services/ installs and starts. There is no going on without one.
 */
export default async function startServices(): Promise<void> {
  try {
    await locateAll();
  } catch (error) {
    // Jest prints the message of an error and nothing else of it.
    if (error instanceof EventlakeError)
      throw new Error(`${error.message}\n${error.hint ?? ''}`, { cause: error });
    throw error;
  }
}

async function locateAll(): Promise<void> {
  const found: string[] = [];
  for (const server of TEST_SERVERS) {
    const { address, origin } = await locate(server);
    process.env[`EVENTLAKE_TEST_${server.name.toUpperCase()}`] = address;
    if (server.name === 'minio') await setMinioAccount(origin);
    found.push(`${server.name} ${address} (${origin})`);
  }
  process.env.EVENTLAKE_TEST_PYTHON = await installPython();
  console.log(`\nReal servers: ${found.join(', ')}`);
}

async function locate(server: TestServer): Promise<Located> {
  const { variable, port, scheme } = OUTSIDE[server.name];
  const given = process.env[variable];
  if (given) {
    if (await answers(server, given)) return { address: given, origin: 'address given' };
    throw new EventlakeError('test:server_missing', `No ${server.name} answers at ${variable}=${given}.`, {
      hint: `Start it, or unset ${variable} to have one started for the tests.`,
    });
  }
  const composed = await composeAddress(server.name, port);
  if (composed !== undefined && (await answers(server, scheme + composed))) {
    return { address: scheme + composed, origin: 'Docker Compose' };
  }
  return { address: await startTestServer(server), origin: 'started here' };
}

async function setMinioAccount(origin: Located['origin']): Promise<void> {
  let accessKey: string | undefined = MINIO_TEST_ACCOUNT.accessKey;
  let secretKey: string | undefined = MINIO_TEST_ACCOUNT.secretKey;
  if (origin === 'address given') {
    accessKey = process.env.MINIO_ACCESS_KEY;
    secretKey = process.env.MINIO_SECRET_KEY;
  } else if (origin === 'Docker Compose') {
    accessKey = await composeVariable('minio', 'MINIO_ROOT_USER');
    secretKey = await composeVariable('minio', 'MINIO_ROOT_PASSWORD');
  }
  if (!accessKey || !secretKey) {
    throw new EventlakeError(
      'test:server_missing',
      `The account of the MinIO server (${origin}) is not known.`,
      {
        hint: 'Set MINIO_ACCESS_KEY and MINIO_SECRET_KEY.',
      },
    );
  }
  process.env.EVENTLAKE_TEST_MINIO_ACCESS_KEY = accessKey;
  process.env.EVENTLAKE_TEST_MINIO_SECRET_KEY = secretKey;
}
