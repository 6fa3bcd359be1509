import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { type Injected, Injection } from './injected.ts';

/** A request on its way to the real server. */
export interface ProxiedRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly body: string;
  readonly authorization: string | undefined;
}

/** The real server's answer on its way back. */
export interface ProxiedAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/**
 * What goes wrong with a request:
 * - `reset`: the connection breaks before the server has the request; `lost answer`: after it has done it.
 * - `cut answer`: half of the answer's body comes, then the connection closes.
 * - `silence`: the request does not arrive, and no answer comes; `silence after`: the server does it, and no
 *   answer comes.
 * - a status: answered instead of the server, which does not see the request.
 * - `rewrite`: the server's answer is changed.
 * - `wait`: the request is passed on once the promise resolves.
 */
export type HttpFault =
  | 'reset'
  | 'lost answer'
  | 'cut answer'
  | 'silence'
  | 'silence after'
  | { readonly status: number; readonly body: string; readonly type?: string }
  | { readonly rewrite: (answer: ProxiedAnswer) => ProxiedAnswer }
  | { readonly wait: () => Promise<unknown> };

/** Which requests suffer a fault: those that `when` names, the first `times` of them. Without it, all. */
export interface Harmed {
  readonly when?: (request: ProxiedRequest) => boolean;
  readonly times?: number;
}

/**
 * An HTTP proxy before a real server, which passes requests and answers on unchanged unless a fault concerns
 * them.
 */
export interface HttpProxy {
  readonly url: string;
  readonly port: number;
  /** The real server's address. May be changed: a server that was started again has another. */
  target: string;
  /** Told of every request that comes, harmed or not. */
  onRequest: (request: ProxiedRequest) => void;
  /** Of several faults that concern a request the first injected one harms it. */
  inject(fault: HttpFault, harmed?: Harmed): Injected;
  /** Heals all faults. */
  heal(): void;
  close(): Promise<void>;
}

/**
 * Starts a proxy on a free port of this machine, before the server at the URL `target`. A server that is not
 * there resets the connection.
 */
export async function startHttpProxy(target: string): Promise<HttpProxy> {
  const faults: { injection: Injection<HttpFault>; when: NonNullable<Harmed['when']> }[] = [];
  const server = createServer(async (incoming, answer) => {
    const { socket } = incoming;
    try {
      const body = await buffer(incoming);
      const asked = describe(incoming, body);
      proxy.onRequest(asked);
      const injection = faults.find(({ injection, when }) => injection.isActive && when(asked))?.injection;
      if (injection !== undefined) injection.fired++;
      const fault = injection?.fault;
      if (fault === 'silence') return;
      if (fault === 'reset') return void socket.resetAndDestroy();
      if (typeof fault === 'object' && 'status' in fault) {
        answer.writeHead(fault.status, { 'content-type': fault.type ?? 'application/json' }).end(fault.body);
        return;
      }
      if (typeof fault === 'object' && 'wait' in fault) await fault.wait();
      let real = await forward(proxy.target, incoming, body);
      if (fault === 'silence after') return;
      if (fault === 'lost answer') return void socket.resetAndDestroy();
      if (typeof fault === 'object' && 'rewrite' in fault) real = fault.rewrite(real);
      const { 'transfer-encoding': _, connection: __, ...headers } = real.headers;
      if (asked.method !== 'HEAD' && real.status !== 204 && real.status !== 304)
        headers['content-length'] = `${real.body.length}`;
      answer.writeHead(real.status, headers);
      if (fault !== 'cut answer') return void answer.end(real.body);
      answer.write(real.body.subarray(0, real.body.length / 2), () => socket.destroy());
    } catch {
      // The client or the server has gone; to the other it is a broken connection.
      socket.resetAndDestroy();
    }
  });
  // A silent answer ends when the client has had enough, not before.
  server.requestTimeout = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const proxy: HttpProxy = {
    url: `http://127.0.0.1:${port}`,
    port,
    target,
    onRequest: () => {},
    inject(fault, { when = () => true, times } = {}) {
      const injection = new Injection(fault, times);
      faults.push({ injection, when });
      return injection;
    },
    heal() {
      for (const { injection } of faults.splice(0)) injection.heal();
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  return proxy;
}

function describe({ method = '', url = '', headers }: IncomingMessage, body: Buffer): ProxiedRequest {
  return {
    method,
    path: url,
    // Most requests to an object store are large, and nobody looks at them.
    get body() {
      return body.toString();
    },
    authorization: headers.authorization,
  };
}

/**
 * Asks the server. The headers stay as they are, with the proxy's address in `host`: the signature of an S3
 * request covers it.
 */
async function forward(target: string, incoming: IncomingMessage, body: Buffer): Promise<ProxiedAnswer> {
  const { expect, connection, ...headers } = incoming.headers;
  const { hostname, port } = new URL(target);
  const { method, url: path } = incoming;
  const sent = request({ hostname, port, method, path, headers, agent: false });
  sent.end(body);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: await buffer(answer) };
}
