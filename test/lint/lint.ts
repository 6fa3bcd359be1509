import { globSync } from 'node:fs';
import { join } from 'node:path';
import { tryCommand } from '../servers/command.ts';
import { ServerError } from '../servers/errors.ts';
import { installLinters } from './linters.ts';

/** Checks what is not TypeScript: shell scripts, the Dockerfiles, the Compose files, the workflows. */
const PROJECT = join(import.meta.dirname, '../..');

const files = (...patterns: string[]) => globSync(patterns, { cwd: PROJECT }).sort();
const DOCKERFILES = files('Dockerfile', 'adapters/**/Dockerfile');
const SCRIPTS = files('*.sh', '.ci/run', 'config/**/*.sh', 'test/**/*.sh');
const COMPOSE = files('docker-compose*.yml');
const WORKFLOWS = files('.github/workflows/*.yml');

try {
  const { actionlint, hadolint, shellcheck } = await installLinters();
  const results = await Promise.all(
    [
      [shellcheck, '--external-sources', ...SCRIPTS],
      [hadolint, ...DOCKERFILES],
      [join(PROJECT, 'node_modules', '.bin', 'dclint'), '--max-warnings', '0', ...COMPOSE],
      [actionlint, '-shellcheck', shellcheck, '-pyflakes', '', ...WORKFLOWS],
    ].map(([command = '', ...args]) => tryCommand(command, args, { cwd: PROJECT })),
  );
  for (const { status, output } of results) {
    if (status === 0) continue;
    console.error(output.trimEnd());
    process.exitCode = 1;
  }
  if (process.exitCode !== 1) {
    const checked = [...DOCKERFILES, ...SCRIPTS, ...COMPOSE, ...WORKFLOWS];
    console.log(`Checked ${checked.length} scripts, Docker and workflow files.`);
  }
} catch (error) {
  if (!(error instanceof ServerError)) throw error;
  console.error(error.message);
  if (error.hint !== undefined) console.error(error.hint);
  process.exitCode = 1;
}
