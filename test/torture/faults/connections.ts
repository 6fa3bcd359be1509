import type { HttpFault, ProxiedRequest } from '../../faults/http-proxy.ts';
import type { Injected } from '../../faults/injected.ts';
import type { TcpFault } from '../../faults/tcp-proxy.ts';
import type { ServerName } from '../../servers/server.ts';
import type { Ongoing, PassingFault } from '../fault.ts';

const EXACT = 'retried; exact';

function ongoing(injected: Injected): Ongoing {
  return { fired: () => injected.fired, heal: async () => injected.heal() };
}

/** A fault of the connections to one server; `bytes` draws after how many bytes of answers it comes. */
function tcp(server: ServerName, what: string, how: string, fault: TcpFault, times?: number): PassingFault {
  return {
    name: `${server}-${what}`,
    how,
    outcome: EXACT,
    holdMs: times === undefined ? 2_000 : 0,
    async inject({ stack, random }) {
      const moved =
        'afterBytes' in fault ? { ...fault, afterBytes: random.below(fault.afterBytes ?? 1) } : fault;
      return ongoing(stack.tcp[server].inject(moved, times));
    },
  };
}

/** A fault of single requests. */
function http(
  server: 'minio' | 'elasticsearch',
  what: string,
  how: string,
  fault: HttpFault,
  {
    times = 3,
    when = () => true,
    holdMs = 0,
  }: Partial<{ times: number; when: (request: ProxiedRequest) => boolean; holdMs: number }> = {},
): PassingFault {
  return {
    name: `${server}-${what}`,
    how,
    outcome: EXACT,
    holdMs,
    inject: async ({ stack }) => ongoing(stack.http[server].inject(fault, { times, when })),
  };
}

const isCommit = ({ method, path }: ProxiedRequest) => method === 'PUT' && path.includes('_delta_log');
const isBulk = ({ path }: ProxiedRequest) => path.includes('_bulk');
const SLOW_DOWN = {
  status: 503,
  body: '<Error><Code>SlowDown</Code><Message>busy</Message></Error>',
  type: 'application/xml',
};
const BUSY = {
  status: 429,
  body: '{"error":{"type":"es_rejected_execution_exception","reason":"full"},"status":429}',
};
const NO_MASTER = { status: 503, body: '{"error":{"type":"x","reason":"no master"},"status":503}' };

/** Faults on the way to the servers. */
export const CONNECTION_FAULTS: readonly PassingFault[] = [
  ...(['kafka', 'minio', 'elasticsearch'] as const).flatMap((server) => [
    tcp(
      server,
      'reset',
      'the connection is reset in the middle of an answer',
      { kind: 'reset', afterBytes: 400 },
      1,
    ),
    tcp(
      server,
      'close',
      'the connection is closed in the middle of an answer',
      { kind: 'close', afterBytes: 400 },
      1,
    ),
    tcp(server, 'hang', 'nothing passes for up to 2 s', { kind: 'hang' }),
  ]),
  tcp('elasticsearch', 'slow', 'the line passes 60 kB/s for up to 2 s', {
    kind: 'slow',
    bytesPerSecond: 60_000,
  }),
  http('minio', 'busy', '503 to 3 requests', SLOW_DOWN),
  http('minio', 'lost-answer', 'a commit is done, its answer is lost', 'lost answer', {
    when: isCommit,
    times: 1,
  }),
  http('minio', 'cut-answer', 'an answer breaks off in its midst', 'cut answer', {
    when: ({ method }) => method === 'GET',
    times: 1,
  }),
  http('minio', 'commit-hang', 'a conditional put is done, its answer never comes', 'silence after', {
    when: isCommit,
    times: 1,
  }),
  http('elasticsearch', 'busy', '429 to 3 bulk requests', BUSY, { when: isBulk }),
  http('elasticsearch', 'unavailable', '503 to 3 requests', NO_MASTER),
  http('elasticsearch', 'lost-answer', 'a bulk request is done, its answer is lost', 'lost answer', {
    when: isBulk,
    times: 1,
  }),
];
