import { mkdir, readdir, symlink } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

const NODE = new Set(['node', 'nodejs', 'npm', 'npx', 'corepack']);

/** A folder with links to every command of PATH but Node's, as on a machine without Node. */
export async function linksWithoutNode(folder: string): Promise<string> {
  await mkdir(folder);
  const linked = new Set(NODE);
  for (const place of (process.env.PATH ?? '').split(delimiter))
    for (const name of await readdir(place).catch(() => [])) {
      if (!linked.has(name)) await symlink(join(place, name), join(folder, name));
      linked.add(name);
    }
  return folder;
}
