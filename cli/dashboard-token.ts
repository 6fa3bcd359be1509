import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Settings } from '../config/settings.ts';
import { UsageError } from '../core/errors.ts';

/** What visitors of the dashboard must bring. */
export interface DashboardToken {
  readonly token: string;
  /** Made for this run, so that it must be printed; otherwise a setting holds it. */
  readonly isGenerated: boolean;
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/i;
/** 256 bits. */
const TOKEN_BYTES = 32;
/** Long enough not to be guessed over a network, and what a header can hold. */
const TOKEN = /^[\x21-\x7e]{16,1000}$/;

/** Whether only this machine reaches the host. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}

/**
 * The token that the settings give, or a new one where more than this machine reaches the host; otherwise
 * null: nobody is asked for one.
 * @throws UsageError `dashboard:bad_token`
 */
export function dashboardToken(host: string, { dashboard }: Settings): DashboardToken | null {
  const { token, tokenFile } = dashboard;
  if (token !== null && tokenFile !== null) {
    throw new UsageError('dashboard:bad_token', 'Both DASHBOARD_TOKEN and DASHBOARD_TOKEN_FILE are set', {
      hint: 'Leave one of them unset.',
    });
  }
  if (tokenFile !== null) return given(read(tokenFile), 'The file of DASHBOARD_TOKEN_FILE');
  if (token !== null) return given(token, 'DASHBOARD_TOKEN');
  return isLoopback(host)
    ? null
    : { token: randomBytes(TOKEN_BYTES).toString('base64url'), isGenerated: true };
}

function given(token: string, place: string): DashboardToken {
  if (TOKEN.test(token)) return { token, isGenerated: false };
  throw new UsageError('dashboard:bad_token', `${place} holds no token`, {
    hint: 'A token has at least 16 letters, digits or signs and no space; openssl rand -hex 32 makes one.',
  });
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw new UsageError('dashboard:bad_token', `DASHBOARD_TOKEN_FILE: ${(cause as Error).message}`, {
      cause,
    });
  }
}
