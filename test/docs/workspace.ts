import { cp, mkdir, mkdtemp, readdir, symlink, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CommandResult, runCommand, tryCommand } from '../servers/command.ts';
import { ROOT } from './pages.ts';

/** What a workspace has of its own, or not at all. */
const OWN = new Set(['.git', '.env.local', '.eventlake', '.venv', 'data', 'coverage', 'test-results']);
/**
 * Copied, and old, so that make never finds the packages older than these and installs them into the real
 * folder.
 */
const COPIED = ['package.json', 'package-lock.json'];

/**
 * The project as a reader has it after `git clone` and `make install`, with its own `data/` of 2000 synthetic
 * rows: links to the real files in a temporary folder.
 */
export async function makeWorkspace(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'docs-'));
  for (const name of await readdir(ROOT)) {
    if (OWN.has(name)) continue;
    if (!COPIED.includes(name)) await symlink(join(ROOT, name), join(folder, name));
    else {
      await cp(join(ROOT, name), join(folder, name));
      await utimes(join(folder, name), 0, 0);
    }
  }
  await mkdir(join(folder, 'data'));
  const args = ['generate', 'electronics', '--rows', '2000', '--seed', '1', '--out', 'data/electronics.csv'];
  await runCommand(join(ROOT, 'cli/eventlake'), args, { cwd: folder });
  return folder;
}

/**
 * Runs shell text in a workspace, without a setting of eventlake, and where no Docker stack runs; with
 * `settings` besides.
 */
export function runShell(
  folder: string,
  text: string,
  settings: Record<string, string> = {},
): Promise<CommandResult> {
  const { PATH = '', HOME = '' } = process.env;
  const environment = { PATH, HOME, COMPOSE_PROJECT_NAME: 'eventlake-docs-examples', ...settings };
  const given = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  return tryCommand('env', ['-i', ...given, 'bash', '-e', '-o', 'pipefail', '-c', text], { cwd: folder });
}
