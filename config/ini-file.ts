import { UsageError } from '../core/errors.ts';
import { textOf } from './env-file.ts';

/** A key of an INI file, in lower case, and the line on which it stands. */
export interface IniEntry {
  readonly key: string;
  readonly value: string;
  readonly line: number;
}

/** A section of an INI file, in the order of the file. */
export interface IniSection {
  readonly name: string;
  readonly line: number;
  readonly entries: readonly IniEntry[];
}

const SECTION = /^\s*\[(.+)\]/;
const ENTRY = /^\s*([^=:\s][^=:]*?)\s*[=:]\s*(.*?)\s*$/;

/**
 * Reads an INI file by the rules of Python's
 * {@link https://docs.python.org/3/library/configparser.html#supported-ini-file-structure ConfigParser}:
 * `key = value` or `key: value`, keys in any case, comments that are lines of their own and begin with `#` or
 * `;`, and values that continue on lines that are indented more than their key. Values are taken as they
 * stand: `;`, `#`, quotes and `%` are parts of them. The readers on npm cut a value at these, or change
 * numbers and quotes.
 * @throws UsageError `settings:no_env_file` when it cannot be read, `settings:invalid` naming file and line
 *   of what is no INI file
 */
export function readIniFile(file: string): IniSection[] {
  const sections: (IniSection & { entries: IniEntry[] })[] = [];
  /** Of the last key. */
  let indent = 0;
  for (const [i, text] of textOf(file, 'config file').split(/\r?\n/).entries()) {
    const at = `${file}:${i + 1}`;
    if (/^\s*[#;]/.test(text)) continue;
    const section = sections.at(-1);
    const last = section?.entries.at(-1);
    const isBlank = text.trim() === '';
    if (isBlank || (last && indentOf(text) > indent)) {
      if (last) section?.entries.splice(-1, 1, { ...last, value: `${last.value}\n${text.trim()}` });
      continue;
    }
    const [, name] = SECTION.exec(text) ?? [];
    if (name !== undefined) {
      const before = sections.find((one) => one.name === name);
      if (before) throw wrong(`${at}: there is a section [${name}] already, on line ${before.line}`);
      sections.push({ name, line: i + 1, entries: [] });
      continue;
    }
    const [, given, value = ''] = ENTRY.exec(text) ?? [];
    // What does not look like a key may be a part of a password.
    if (given === undefined) throw wrong(`${at}: the line is neither a [section] nor key = value`);
    if (!section) throw wrong(`${at}: ${given} stands before the first [section]`);
    const key = given.toLowerCase();
    const before = section.entries.find((one) => one.key === key);
    if (before) throw wrong(`${at}: [${section.name}] has ${key} already, on line ${before.line}`);
    section.entries.push({ key, value, line: i + 1 });
    indent = indentOf(text);
  }
  return sections.map(({ entries, ...section }) => ({
    ...section,
    entries: entries.map((entry) => ({ ...entry, value: entry.value.trimEnd() })),
  }));
}

function indentOf(text: string): number {
  return text.length - text.trimStart().length;
}

function wrong(message: string): UsageError {
  return new UsageError('settings:invalid', message, {
    hint: 'The file has sections such as [remote_kafka], and below each lines key = value. A comment is a line that begins with # or ;.',
  });
}
