import { ServerError } from '../servers/errors.ts';
import { MINIO_TEST_ACCOUNT } from '../servers/minio.ts';
import { requireChromium } from '../servers/prerequisites.ts';
import { installPython } from '../servers/python.ts';
import { type Located, locate, TEST_SERVERS } from '../servers/test-servers.ts';

/**
 * Finds the real servers that the tests in stack/ and crash/ talk to, and tells the tests where they are by
 * environment variables. Jest runs it once, before these tests; the servers are left running for the next
 * time.
 *
 * For each server: the address in the environment if there is one, else the server that test/servers/
 * installs and starts. There is no test without one.
 */
export default async function startServices(): Promise<void> {
  try {
    await locateAll();
  } catch (error) {
    // Jest prints the message of an error and nothing else of it.
    if (error instanceof ServerError)
      throw new Error(`${error.message}\n${error.hint ?? ''}`, { cause: error });
    throw error;
  }
}

async function locateAll(): Promise<void> {
  const found: string[] = [];
  for (const server of TEST_SERVERS) {
    const { address, origin } = await locate(server);
    process.env[`EVENTLAKE_TEST_${server.name.toUpperCase()}`] = address;
    if (server.name === 'minio') setMinioAccount(origin);
    found.push(`${server.name} ${address} (${origin})`);
  }
  process.env.EVENTLAKE_TEST_PYTHON = await installPython();
  process.env.EVENTLAKE_TEST_CHROMIUM = await requireChromium();
  console.log(`\nReal servers: ${found.join(', ')}`);
}

function setMinioAccount(origin: Located['origin']): void {
  const { MINIO_ACCESS_KEY, MINIO_SECRET_KEY } = process.env;
  const given = { accessKey: MINIO_ACCESS_KEY, secretKey: MINIO_SECRET_KEY };
  const { accessKey, secretKey } = origin === 'address given' ? given : MINIO_TEST_ACCOUNT;
  if (!accessKey || !secretKey) {
    throw new ServerError('test:server_missing', 'The account of the MinIO server is not known.', {
      hint: 'Set MINIO_ACCESS_KEY and MINIO_SECRET_KEY.',
    });
  }
  process.env.EVENTLAKE_TEST_MINIO_ACCESS_KEY = accessKey;
  process.env.EVENTLAKE_TEST_MINIO_SECRET_KEY = secretKey;
}
