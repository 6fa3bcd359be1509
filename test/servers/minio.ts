import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { installGoProgram } from './go.ts';
import { launchServer, type Server } from './server.ts';

/**
 * The commit of RELEASE.2025-09-07T16-13-09Z, the last release with public images. Its tag is not a Go
 * version, so the module system knows it only by this one.
 */
const MODULE = 'github.com/minio/minio@v0.0.0-20250907161309-07c3a429bfed';

/** The account of servers started here. They listen on 127.0.0.1 only and hold nothing but test data. */
export const MINIO_TEST_ACCOUNT = { accessKey: 'eventlake-test', secretKey: 'eventlake-test-secret' };

/** Builds MinIO from source, which takes minutes the first time, and gives the program's path. */
export function installMinio(): Promise<string> {
  return installGoProgram({ program: 'minio', version: 'RELEASE.2025-09-07T16-13-09Z', source: MODULE });
}

/** Starts a MinIO server with {@link MINIO_TEST_ACCOUNT}. A folder used before keeps its buckets. */
export async function startMinio(folder: string): Promise<Server> {
  const command = await installMinio();
  const port = await freePort();
  const data = join(folder, 'data');
  await mkdir(data, { recursive: true });
  return launchServer({
    name: 'minio',
    port,
    folder,
    command,
    args: ['server', '--address', `127.0.0.1:${port}`, data],
    env: {
      MINIO_ROOT_USER: MINIO_TEST_ACCOUNT.accessKey,
      MINIO_ROOT_PASSWORD: MINIO_TEST_ACCOUNT.secretKey,
      MINIO_BROWSER: 'off',
      MINIO_UPDATE: 'off',
    },
    isReady: () => isMinioReady(`http://127.0.0.1:${port}`),
    timeoutSeconds: 30,
  });
}

/**
 * Whether the server can read and write its storage: MinIO answers with 503 until then. Another S3 server
 * does not know the path, and says so with a 4xx when it is ready.
 */
export async function isMinioReady(endpoint: string): Promise<boolean> {
  const response = await fetch(new URL('/minio/health/cluster', endpoint), {
    signal: AbortSignal.timeout(2000),
  });
  return response.status < 500;
}
