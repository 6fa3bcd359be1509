import { join } from 'node:path';
import { runCommand } from './command.ts';
import { requireGo } from './prerequisites.ts';
import { softwareFolder } from './software.ts';

/** A program that is built from the source of a Go module. */
export interface GoProgram {
  /** Name of the program, without its path. */
  readonly program: string;
  /** What the folder's name says of the version. */
  readonly version: string;
  /** Package of the program, with `@` and the version of its module. */
  readonly source: string;
  /** Build tags, separated by commas. */
  readonly tags?: string;
}

/** Builds the program if it is not there yet, and gives its path. */
export async function installGoProgram({ program, version, source, tags = '' }: GoProgram): Promise<string> {
  const folder = await softwareFolder(`${program}-${version}`, async (part) => {
    const go = await requireGo();
    await runCommand(go, ['install', '-trimpath', '-ldflags=-s -w', `-tags=${tags}`, source], {
      // A module may ask for a newer Go than this machine has; Go then fetches it.
      env: { GOBIN: part, CGO_ENABLED: '0', GOTOOLCHAIN: 'auto' },
    });
  });
  return join(folder, program);
}
