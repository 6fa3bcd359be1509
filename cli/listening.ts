import { once } from 'node:events';
import { createServer } from 'node:net';
import { EventlakeError, UsageError } from '../core/errors.ts';

/**
 * Listens on the port, and no longer.
 * @throws as {@link cannotListen}
 */
export async function requireFreePort(host: string, port: number): Promise<void> {
  const server = createServer();
  try {
    await once(server.listen(port, host), 'listening');
  } catch (cause) {
    throw cannotListen(host, port, cause as NodeJS.ErrnoException);
  } finally {
    server.close();
  }
}

/** `dashboard:port_in_use`, `dashboard:port_forbidden`, or a UsageError `dashboard:bad_host`. */
export function cannotListen(host: string, port: number, cause: NodeJS.ErrnoException): EventlakeError {
  switch (cause.code) {
    case 'EADDRINUSE':
      return new EventlakeError('dashboard:port_in_use', `Port ${port} of ${host} is in use`, {
        hint: 'Another dashboard? Take another port: --port 8081',
        cause,
      });
    case 'EACCES':
      return new EventlakeError(
        'dashboard:port_forbidden',
        `Port ${port} may not be listened on by this user`,
        { hint: 'Take a port above 1023.', cause },
      );
    default:
      return new UsageError('dashboard:bad_host', `--host ${host}: ${cause.message}`, { cause });
  }
}
