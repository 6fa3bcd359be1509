import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { runCommand } from './command.ts';
import { ServerError } from './errors.ts';

/** Debian's `nobody`. */
const UNPRIVILEGED_UID = 65534;

/**
 * The user that a server which refuses to run as root runs as: undefined where this process is not root, and
 * the server runs as its user. He becomes the owner of `folder`.
 *
 * @throws ServerError `services:folder_closed` if he cannot get there or to the software
 */
export async function unprivilegedUser(
  server: string,
  folder: string,
  software: string,
): Promise<number | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  await runCommand('chown', ['-R', `${UNPRIVILEGED_UID}:${UNPRIVILEGED_UID}`, folder]);
  for (const path of [folder, software]) {
    for (let parent = dirname(resolve(path)); parent !== dirname(parent); parent = dirname(parent)) {
      const { mode } = await stat(parent);
      if ((mode & 0o001) === 0) {
        throw new ServerError(
          'services:folder_closed',
          `${server} cannot run as root, and the user it would run as cannot enter ${parent} on the way to ${path}.`,
          {
            hint: 'Set EVENTLAKE_SERVICES_HOME to a folder that every user can reach, such as /var/cache/eventlake-services.',
          },
        );
      }
    }
  }
  return UNPRIVILEGED_UID;
}
