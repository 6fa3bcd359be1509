import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from './command.ts';
import { freePort } from './free-port.ts';
import { requireJdk, requireMaven } from './prerequisites.ts';
import { launchServer, type Server } from './server.ts';
import { softwareFolder } from './software.ts';
import { unprivilegedUser } from './unprivileged.ts';

const VERSION = '8.19.21';
const SOURCES = join(import.meta.dirname, 'elasticsearch');

/**
 * Installs Elasticsearch and gives its folder.
 *
 * This is the real server with few modules, as its makers publish it for integration tests: no painless, no
 * reindex, no update by query, no ILM, no ES|QL, no `scaled_float`, and `GET /` answers 405.
 */
export async function installElasticsearch(): Promise<string> {
  const folder = await softwareFolder(`elasticsearch-${VERSION}`, async (part) => {
    await requireJdk();
    const maven = await requireMaven();
    const artifact = `org.elasticsearch.distribution.integ-test-zip:elasticsearch:${VERSION}:zip`;
    const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:unpack';
    await runCommand(maven, ['-B', '-q', goal, `-Dartifact=${artifact}`, '-DoutputDirectory=.'], {
      cwd: part,
    });
    await runCommand('chmod', ['-R', 'a+rX', part]);
  });
  return join(folder, `elasticsearch-${VERSION}`);
}

/**
 * Starts a one-node Elasticsearch without security. A folder used before keeps its indices.
 *
 * Run as root it changes to an unprivileged user, who must be able to enter `folder`'s parents and becomes
 * its owner.
 *
 * @throws ServerError `services:folder_closed` if he cannot enter them
 */
export async function startElasticsearch(folder: string): Promise<Server> {
  const software = await installElasticsearch();
  const java = await requireJdk();
  const port = await freePort();
  const config = join(folder, 'config');
  await mkdir(join(folder, 'tmp'), { recursive: true });
  await mkdir(config, { recursive: true });
  await cp(SOURCES, config, { recursive: true });
  await writeFile(join(config, 'elasticsearch.yml'), settings(port, await freePort(), folder));
  const uid = await unprivilegedUser('Elasticsearch', folder, software);
  return launchServer({
    name: 'elasticsearch',
    port,
    folder,
    command: join(software, 'bin', 'elasticsearch'),
    args: [`-Epath.data=${join(folder, 'data')}`],
    env: { ES_PATH_CONF: config, ES_TMPDIR: join(folder, 'tmp'), ES_JAVA_HOME: java.home, ES_JAVA_OPTS: '' },
    ...(uid === undefined ? {} : { uid }),
    isReady: () => isElasticsearchReady(`http://127.0.0.1:${port}`),
    timeoutSeconds: 120,
  });
}

/** Whether the node has become master and its indices can be searched. */
export async function isElasticsearchReady(url: string): Promise<boolean> {
  const response = await fetch(new URL('/_cluster/health', url), { signal: AbortSignal.timeout(2000) });
  const { status } = (await response.json()) as { status?: string };
  return response.ok && (status === 'green' || status === 'yellow');
}

/**
 * One node on the loopback interface, which also spares it the checks of a production node. It keeps
 * accepting documents on a nearly full disk.
 */
function settings(port: number, transportPort: number, folder: string): string {
  return `cluster.name: eventlake-test
path.data: ${join(folder, 'data')}
path.logs: ${join(folder, 'logs')}
network.host: 127.0.0.1
http.port: ${port}
transport.port: ${transportPort}
discovery.type: single-node
xpack.security.enabled: false
cluster.routing.allocation.disk.threshold_enabled: false
cluster.max_shards_per_node: 5000
`;
}
