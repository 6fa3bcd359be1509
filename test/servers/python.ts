import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from './command.ts';
import { requirePython } from './prerequisites.ts';
import { softwareFolder } from './software.ts';

/**
 * Installs a Python with readers of the lake that are not ours (delta-rs, pyarrow, DuckDB, pandas, in the
 * versions of `requirements.txt`), and gives the path of its interpreter.
 */
export async function installPython(): Promise<string> {
  return join(await pythonFolder('python', 'requirements.txt'), 'bin', 'python');
}

/**
 * Installs a Python with the packages of a file in this folder, and gives the folder of the installation.
 *
 * @param name Begins the folder's name; a digest of the file follows.
 */
export async function pythonFolder(name: string, file: string): Promise<string> {
  const requirements = join(import.meta.dirname, file);
  const digest = createHash('sha256')
    .update(await readFile(requirements))
    .digest('hex')
    .slice(0, 8);
  return softwareFolder(`${name}-${digest}`, async (part) => {
    const python = await requirePython();
    // The folder is renamed afterwards: the interpreter finds its packages by its own place, only `bin/pip`
    // and the like do not.
    await runCommand(python, ['-m', 'venv', part]);
    await runCommand(join(part, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', '-r', requirements]);
  });
}
