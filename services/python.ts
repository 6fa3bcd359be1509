import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from './command.ts';
import { requirePython } from './prerequisites.ts';
import { softwareFolder } from './software.ts';

/**
 * Installs a Python with readers of the lake that are not ours (delta-rs, pyarrow, DuckDB, pandas, in the versions of
 * `requirements.txt`), and gives the path of its interpreter.
 */
export async function installPython(): Promise<string> {
  const requirements = join(import.meta.dirname, 'requirements.txt');
  const digest = createHash('sha256')
    .update(await readFile(requirements))
    .digest('hex')
    .slice(0, 8);
  const folder = await softwareFolder(`python-${digest}`, async (part) => {
    const python = await requirePython();
    // The folder is renamed afterwards: the interpreter finds its packages by its own place, only `bin/pip` and the like do not.
    await runCommand(python, ['-m', 'venv', part]);
    await runCommand(join(part, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', '-r', requirements]);
  });
  return join(folder, 'bin', 'python');
}
