import { createRequire } from 'node:module';
import Bowser from 'bowser';
import type { Lookup } from '../../core/lookup.ts';

const { version } = createRequire(import.meta.url)('bowser/package.json') as { version: string };

/**
 * What the library answers where it knows no browser: nothing, or the first word of nearly all user agents.
 */
const UNKNOWN = new Set(['', 'Mozilla']);
const BOT = /[\w-]*(?:bot|crawler|spider)\b/i;
/** Programs such as curl/7.68.0 begin with their name. */
const PROGRAM = /^(?!Mozilla\b)[\w.-]+(?=\/)/i;

/** {@link Lookup} of user agents: `browser`, which is a bot's or program's name too, and `os`. */
export class UserAgentLookup implements Lookup {
  readonly version = `bowser ${version}`;
  readonly columns = ['browser', 'os'];

  of(userAgent: string): readonly (string | null)[] {
    if (userAgent === '') return [null, null];
    const { browser, os } = Bowser.parse(userAgent);
    const known = UNKNOWN.has(browser.name ?? '') ? null : browser.name;
    return [known ?? BOT.exec(userAgent)?.[0] ?? PROGRAM.exec(userAgent)?.[0] ?? null, os.name || null];
  }
}
