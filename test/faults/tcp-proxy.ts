import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Injected, Injection } from './injected.ts';

/**
 * What happens to connections, new ones and those that are open:
 * - `hang`: bytes stay where they are, in both directions; they continue when the fault is healed.
 * - `reset`: the connection ends with a TCP reset.
 * - `close`: the connection ends in an orderly way, as by a server that stops.
 * - `slow`: each connection passes so many bytes a second in each direction.
 *
 * With `afterBytes` the fault comes once the connection's answers have had so many bytes since the injection,
 * so in the middle of an answer; a `hang` is a stall then.
 */
export type TcpFault =
  | { readonly kind: 'hang' | 'reset' | 'close'; readonly afterBytes?: number }
  | { readonly kind: 'slow'; readonly bytesPerSecond: number };

/** A TCP proxy on this machine that passes bytes on as they come, unless there is a fault. */
export interface TcpProxy {
  readonly port: number;
  /** The server's port on this machine. May be changed: a server that was started again has another. */
  target: number;
  /** Only one fault at a time: this heals the one before. It harms connections up to `times` times. */
  inject(fault: TcpFault, times?: number): Injected;
  /** Ends the fault that is injected, if any. */
  heal(): void;
  close(): Promise<void>;
}

/** Starts a proxy before a server of this machine. A server that is not there resets the connection. */
export async function startTcpProxy(target: number, port = 0): Promise<TcpProxy> {
  let current: Injection<TcpFault> | undefined;
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const upstream = connect({ port: proxy.target, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(socket);
      socket.on('error', () => other.resetAndDestroy());
      socket.on('close', () => {
        open.delete(socket);
        other.destroy();
      });
    }
    const link: Link = { client, upstream, answered: 0 };
    const active = () => (current?.isActive ? current : undefined);
    pass(client, upstream, link, active);
    pass(upstream, client, link, active);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const proxy: TcpProxy = {
    port: (server.address() as AddressInfo).port,
    target,
    inject(fault, times) {
      current?.heal();
      current = new Injection(fault, times);
      return current;
    },
    heal() {
      current?.heal();
    },
    async close() {
      current?.heal();
      server.close();
      for (const socket of open) socket.destroy();
      await once(server, 'close');
    },
  };
  return proxy;
}

/** The two connections of a client's connection through the proxy. */
interface Link {
  readonly client: Socket;
  readonly upstream: Socket;
  /** Bytes of answers under the fault `under`. */
  answered: number;
  under?: Injection<TcpFault>;
}

/** Passes bytes on in one direction until the connection ends. */
async function pass(
  from: Socket,
  to: Socket,
  link: Link,
  active: () => Injection<TcpFault> | undefined,
): Promise<void> {
  let freeAt = 0;
  const slow = async (bytes: number, bytesPerSecond: number) => {
    freeAt = Math.max(freeAt, performance.now()) + (bytes * 1000) / bytesPerSecond;
    await sleep(Math.max(0, freeAt - performance.now()));
  };
  const send = async (bytes: Buffer) => {
    if (bytes.length > 0 && !to.write(bytes)) await Promise.race([once(to, 'drain'), once(to, 'close')]);
  };
  try {
    for await (const bytes of from) {
      const injection = active();
      const { fault } = injection ?? {};
      if (injection === undefined || fault === undefined) {
        await send(bytes);
      } else if (fault.kind === 'slow') {
        injection.fired++;
        await slow(bytes.length, fault.bytesPerSecond);
        await send(bytes);
      } else {
        const before = room(link, injection, fault.afterBytes, from === link.upstream ? bytes.length : 0);
        if (before === undefined) {
          await send(bytes);
          continue;
        }
        await send(bytes.subarray(0, before));
        injection.fired++;
        if (fault.kind === 'reset') return void [link.client, link.upstream].map((s) => s.resetAndDestroy());
        // Leaving the loop destroys the connection to the server.
        if (fault.kind === 'close') return await new Promise<void>((sent) => link.client.end(sent));
        await injection.healed;
        await send(bytes.subarray(before));
      }
    }
    to.end();
  } catch {
    // The connection broke off; both of its ends are destroyed by their handlers.
  }
}

/** How many of an answer's bytes pass before the fault comes; undefined when it does not come yet. */
function room(
  link: Link,
  injection: Injection<TcpFault>,
  afterBytes: number | undefined,
  answer: number,
): number | undefined {
  if (afterBytes === undefined) return 0;
  if (link.under !== injection) {
    link.under = injection;
    link.answered = 0;
  }
  const before = afterBytes - link.answered;
  link.answered += answer;
  return link.answered > afterBytes ? Math.max(0, Math.min(before, answer)) : undefined;
}
