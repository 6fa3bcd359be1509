import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { UsageError } from '../core/errors.ts';

/** One variable of an env file, and the line on which it is set. */
export interface EnvVariable {
  readonly name: string;
  readonly value: string;
  readonly line: number;
}

const SETTING = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)$/;

/**
 * Reads an env file: lines `NAME=value`, blank lines and comments, in UTF-8 with or without a byte order
 * mark.
 * @throws UsageError `settings:no_env_file` when it cannot be read, `settings:invalid` naming file and line
 *   of what is no setting.
 */
export function readEnvFile(file: string): EnvVariable[] {
  const text = textOf(file, 'env file');
  const values = parseEnv(text);
  const lines = new Map<string, number>();
  let openQuote: string | null = null;
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (openQuote !== null) {
      if (line.includes(openQuote)) openQuote = null;
      continue;
    }
    if (line.trim() === '' || line.trimStart().startsWith('#')) continue;
    const [, name, value = ''] = SETTING.exec(line) ?? [];
    if (name === undefined) throw noSetting(file, i + 1, line);
    lines.set(name, i + 1);
    const quote = /^["'`]/.exec(value)?.[0];
    // A value that begins with a quote ends at the next one, over several lines where there is one.
    if (
      quote &&
      !value.slice(1).includes(quote) &&
      text
        .split(/\r?\n/)
        .slice(i + 1)
        .join('')
        .includes(quote)
    )
      openQuote = quote;
  }
  return Array.from(lines, ([name, line]) => ({ name, value: values[name] ?? '', line }));
}

/**
 * The text of a file of settings, which `what` names in messages.
 * @throws UsageError as {@link readEnvFile}
 */
export function textOf(file: string, what: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new UsageError('settings:no_env_file', `The ${what} ${file} cannot be read: ${reason}`, {
      hint: `Correct its name, or leave the option out. A name without a folder is looked for in ${process.cwd()}.`,
      cause,
    });
  }
  if (bytes.includes(0)) {
    throw new UsageError('settings:invalid', `${file}: the ${what} is not UTF-8 text; it looks like UTF-16`, {
      hint: 'Save it as UTF-8, or convert it: iconv -f UTF-16 -t UTF-8',
    });
  }
  return bytes.toString('utf8').replace(/^\ufeff/, '');
}

function noSetting(file: string, line: number, text: string): UsageError {
  // What follows the name may be a password.
  const name = /^\s*[A-Za-z_][A-Za-z0-9_]*/.exec(text)?.[0].trim();
  const separator = name && /^\s*\w+\s*:/.test(text) ? `, and "=" in place of ":"` : '';
  return new UsageError('settings:invalid', `${file}:${line}: ${name ?? 'the line'} is no setting`, {
    hint: `A setting is a line NAME=value${separator}. A comment begins with #.`,
  });
}
