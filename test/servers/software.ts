import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { withLock } from './lock.ts';

/**
 * The folder of everything that the servers need: software, which survives between runs, and `run/`, where
 * they keep data.
 *
 * `$EVENTLAKE_SERVICES_HOME`, or `eventlake-services` in the user's cache folder. For root that is
 * /var/cache: Elasticsearch refuses to run as root, and the user it then runs as may not enter root's own
 * home.
 */
export function servicesHome(): string {
  const { EVENTLAKE_SERVICES_HOME: home, XDG_CACHE_HOME: cache } = process.env;
  if (home) return home;
  if (cache) return join(cache, 'eventlake-services');
  return process.getuid?.() === 0
    ? '/var/cache/eventlake-services'
    : join(homedir(), '.cache', 'eventlake-services');
}

/**
 * The folder `name` of {@link servicesHome}, made by `build` if it is not there yet.
 *
 * `build` fills a folder beside it that is renamed when it is complete, so that a folder that exists is
 * whole. Processes that want the same software at the same time wait for the one that builds it. `name`
 * contains the version: another version is another folder.
 */
export async function softwareFolder(
  name: string,
  build: (folder: string) => Promise<void>,
): Promise<string> {
  const folder = join(servicesHome(), name);
  if (existsSync(folder)) return folder;
  return withLock(`${folder}.lock`, async () => {
    if (existsSync(folder)) return folder;
    const part = `${folder}.part`;
    await rm(part, { recursive: true, force: true });
    await mkdir(part, { recursive: true });
    const started = performance.now();
    console.error(`${name}: installing into ${folder}`);
    await build(part);
    await rename(part, folder);
    console.error(`${name}: installed in ${((performance.now() - started) / 1000).toFixed(1)} s`);
    return folder;
  });
}
