import type { ServerState } from '../core/contracts.ts';
import { EventlakeError } from '../core/errors.ts';

/** A server that can be asked whether it is well, or a folder in its place. */
export interface ServerCheck {
  /** What it is, such as `kafka`. */
  readonly system: string;
  /** Without user and password. */
  readonly address: string;
  /** Asks it; rejects where it is not well. What is not done after `deadlineMs` is not waited for. */
  ask(deadlineMs: number): Promise<ServerState>;
}

/** What became of one check. */
export interface CheckedServer extends ServerState {
  readonly system: string;
  readonly address: string;
  readonly healthy: boolean;
  readonly milliseconds: number;
  /** Null where it is healthy. */
  readonly error: {
    /** Null for a fault of eventlake itself. */
    readonly code: string | null;
    readonly message: string;
    readonly hint: string | null;
  } | null;
}

/** Whether all servers are well, and what each said. */
export interface HealthReport {
  readonly healthy: boolean;
  readonly servers: readonly CheckedServer[];
}

/** Asks all servers at once, and answers within the deadline even where they do not. */
export async function health(checks: readonly ServerCheck[], deadlineMs: number): Promise<HealthReport> {
  const servers = await Promise.all(checks.map((check) => checked(check, deadlineMs)));
  return { healthy: servers.every(({ healthy }) => healthy), servers };
}

async function checked(check: ServerCheck, deadlineMs: number): Promise<CheckedServer> {
  const { system, address } = check;
  const began = performance.now();
  const named = () => ({ system, address, milliseconds: Math.round(performance.now() - began) });
  try {
    const { version, detail } = await withinDeadline(check, deadlineMs);
    return { ...named(), healthy: true, version, detail, error: null };
  } catch (error) {
    const { code = null, hint = null } = error instanceof EventlakeError ? error : {};
    const message = error instanceof Error ? error.message : String(error);
    return { ...named(), healthy: false, version: null, detail: null, error: { code, message, hint } };
  }
}

/** A name that is not resolved, or a connection that hangs, cannot be cancelled everywhere. */
async function withinDeadline(check: ServerCheck, deadlineMs: number): Promise<ServerState> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const message = `${check.system} ${check.address}: no answer within ${deadlineMs / 1000} s`;
    const hint =
      'Is it overloaded, or does something between here and there drop packets? --timeout gives it more time.';
    reject(new EventlakeError('health:timeout', message, { hint, retriable: true }));
  }, deadlineMs);
  try {
    return await Promise.race([check.ask(deadlineMs), late]);
  } finally {
    clearTimeout(timer);
  }
}
