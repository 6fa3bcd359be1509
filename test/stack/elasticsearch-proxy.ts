import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A request on its way to the real server. */
export interface ProxiedRequest {
  readonly method: string;
  readonly path: string;
  readonly body: string;
  readonly authorization: string | undefined;
}

/**
 * What goes wrong with a request: the connection breaks before or after the server has done it, no answer
 * comes or one that never ends, it shares a slow line with the others, another answer comes in its stead, or
 * the server's answer is changed.
 */
export type Fault =
  | 'reset'
  | 'reset after'
  | 'silence'
  | 'drip'
  | { readonly bytesPerSecond: number }
  | { readonly status: number; readonly body: string; readonly type?: string }
  | { readonly rewrite: (body: string) => string }
  | { readonly withoutProductHeader: true };

/**
 * An HTTP proxy before a real server. Each request waits for `harm`, and suffers the fault that it answers
 * with.
 */
export interface FaultProxy {
  readonly url: string;
  /** Every request that has come, harmed or not. */
  readonly requests: ProxiedRequest[];
  harm: (request: ProxiedRequest) => Fault | undefined | Promise<undefined>;
  close(): Promise<void>;
}

/** Starts a proxy on a free port of this machine. */
export async function startFaultProxy(target: string): Promise<FaultProxy> {
  let line: Promise<unknown> = Promise.resolve();
  const server = createServer(async (incoming, answer) => {
    const request = await read(incoming);
    proxy.requests.push(request);
    const fault = await proxy.harm(request);
    if (fault === 'silence') return;
    if (fault === 'drip') {
      answer.writeHead(200, { 'content-type': 'application/json', 'x-elastic-product': 'Elasticsearch' });
      const drops = setInterval(() => answer.write(' '), 50);
      answer.once('close', () => clearInterval(drops));
      return;
    }
    if (fault === 'reset') return void incoming.socket.destroy();
    if (typeof fault === 'object' && 'bytesPerSecond' in fault) {
      const gone = new Promise((resolve) => incoming.socket.once('close', resolve));
      const carry = () => Promise.race([gone, sleep((1000 * request.body.length) / fault.bytesPerSecond)]);
      line = line.then(() => (incoming.socket.destroyed ? null : carry()));
      await line;
      if (incoming.socket.destroyed) return;
    }
    if (typeof fault === 'object' && 'status' in fault) {
      answer.writeHead(fault.status, { 'content-type': fault.type ?? 'application/json' }).end(fault.body);
      return;
    }
    const real = await fetch(target + request.path, {
      method: request.method,
      headers: {
        'content-type': incoming.headers['content-type'] ?? 'application/json',
        accept: incoming.headers.accept ?? '*/*',
      },
      ...(request.body !== '' && { body: request.body }),
    });
    const body = await real.text();
    if (fault === 'reset after') return void incoming.socket.destroy();
    const known = fault === undefined || !('withoutProductHeader' in fault);
    answer.writeHead(real.status, {
      'content-type': real.headers.get('content-type') ?? 'application/json',
      ...(known && { 'x-elastic-product': 'Elasticsearch' }),
    });
    answer.end(fault !== undefined && 'rewrite' in fault ? fault.rewrite(body) : body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy: FaultProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: [],
    harm: () => undefined,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  return proxy;
}

async function read(incoming: IncomingMessage): Promise<ProxiedRequest> {
  const parts: Buffer[] = [];
  for await (const part of incoming) parts.push(part);
  return {
    method: incoming.method ?? '',
    path: incoming.url ?? '',
    body: Buffer.concat(parts).toString(),
    authorization: incoming.headers.authorization,
  };
}
