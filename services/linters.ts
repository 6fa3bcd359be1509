import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from './command.ts';
import { requireGo } from './prerequisites.ts';
import { pythonFolder } from './python.ts';
import { softwareFolder } from './software.ts';

const ACTIONLINT = '1.7.12';

/** The paths of linters that do not come from npm. */
export interface Linters {
  readonly actionlint: string;
  readonly hadolint: string;
  readonly shellcheck: string;
}

/** Installs the linters of what is not TypeScript, which takes half a minute the first time. */
export async function installLinters(): Promise<Linters> {
  const [python, go] = await Promise.all([
    // These two bring programs that need no Python to run.
    pythonFolder('linters', 'lint-requirements.txt'),
    softwareFolder(`actionlint-${ACTIONLINT}`, async (part) => {
      const bin = join(part, 'bin');
      await mkdir(bin);
      await runCommand(
        await requireGo(),
        [
          'install',
          '-trimpath',
          '-ldflags=-s -w',
          `github.com/rhysd/actionlint/cmd/actionlint@v${ACTIONLINT}`,
        ],
        { env: { GOBIN: bin, CGO_ENABLED: '0' } },
      );
    }),
  ]);
  return {
    actionlint: join(go, 'bin', 'actionlint'),
    hadolint: join(python, 'bin', 'hadolint'),
    shellcheck: join(python, 'bin', 'shellcheck'),
  };
}
