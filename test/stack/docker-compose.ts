import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { tryCommand } from '../../services/command.ts';

const PROJECT = join(import.meta.dirname, '..', '..');

/**
 * The address, on this machine, of a port of a service of the project's Docker Compose stack.
 *
 * Undefined where the stack, the service or Docker itself does not run.
 */
export async function composeAddress(service: string, containerPort: number): Promise<string | undefined> {
  if (!existsSync(join(PROJECT, 'docker-compose.yml'))) return undefined;
  const args = ['compose', 'port', service, String(containerPort)];
  const { status, stdout } = await tryCommand('docker', args, { cwd: PROJECT });
  const port = /:(\d+)\s*$/.exec(stdout)?.[1];
  return status === 0 && port !== undefined && port !== '0' ? `localhost:${port}` : undefined;
}

/** The value of an environment variable inside a service's container. */
export async function composeVariable(service: string, name: string): Promise<string | undefined> {
  const { status, stdout } = await tryCommand(
    'docker',
    ['compose', 'exec', '-T', service, 'printenv', name],
    { cwd: PROJECT },
  );
  return status === 0 ? stdout.trim() : undefined;
}
