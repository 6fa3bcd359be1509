import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand, tryCommand } from './command.ts';
import { ServerError } from './errors.ts';

/** A Java Development Kit on this machine. */
export interface Jdk {
  /** The `java` program: a path, or the bare name if it is found on PATH. */
  command: string;
  /** Its installation folder, as `JAVA_HOME` wants it. */
  home: string;
}

/**
 * What a search for a program gave. `missing`: it is not installed, or a part of it is not. `unusable`: it is
 * there and will not do; what is there is somebody's choice, so it is left alone and the hint says what to
 * do.
 */
type Search<T> = { found: T } | { missing: string } | { unusable: string; hint: string };

/** A program that something here needs. */
interface Prerequisite<T> {
  /** As the subject of a sentence: `Go 1.24 or later`. */
  what: string;
  code: string;
  /** Debian packages that provide it; the first one that this release of Debian or Ubuntu has is taken. */
  packages: string[];
  find: () => Promise<Search<T>>;
}

/**
 * Kafka and Elasticsearch run on it; its compiler runs single-file programs such as `kafka/Partition.java`.
 */
export async function requireJdk(): Promise<Jdk> {
  const { JAVA_HOME: javaHome } = process.env;
  const command = javaHome ? join(javaHome, 'bin', 'java') : 'java';
  return ensure({
    what: 'A Java development kit (JDK) of version 17 or later',
    code: 'services:java_missing',
    packages: ['openjdk-17-jdk-headless', 'openjdk-21-jdk-headless'],
    async find() {
      const hint = 'Install a newer JDK and point JAVA_HOME to it.';
      const { status, output } = await tryCommand(command, ['-XshowSettings:properties', '-version']);
      if (status !== 0) {
        const problem = `\`${command}\` was not found or does not run`;
        return javaHome
          ? { unusable: problem, hint: 'Point JAVA_HOME to a JDK, or unset it.' }
          : { missing: problem };
      }
      const property = (name: string) =>
        new RegExp(`^ *${name} = (.*)$`, 'm').exec(output)?.[1]?.trim() ?? '';
      const version = property('java\\.specification\\.version');
      if (!(Number(version) >= 17)) return { unusable: `\`${command}\` is version ${version}`, hint };
      const modules = await runCommand(command, ['--list-modules']);
      if (modules.includes('jdk.compiler')) return { found: { command, home: property('java\\.home') } };
      const problem = `\`${command}\` is a runtime without the compiler`;
      return javaHome ? { unusable: problem, hint } : { missing: problem };
    },
  });
}

/** Fetches Kafka and Elasticsearch from the Maven repository. */
export async function requireMaven(): Promise<string> {
  return ensure({
    what: 'Maven',
    code: 'services:maven_missing',
    packages: ['maven'],
    async find() {
      const { status } = await tryCommand('mvn', ['--version']);
      return status === 0 ? { found: 'mvn' } : { missing: '`mvn` was not found or does not run' };
    },
  });
}

/** Builds MinIO, actionlint and promtool, whose `go.mod` ask for Go 1.24 or newer. */
export async function requireGo(): Promise<string> {
  return ensure({
    what: 'Go 1.24 or later',
    code: 'services:go_missing',
    packages: ['golang'],
    async find() {
      const { status, stdout } = await tryCommand('go', ['version']);
      if (status !== 0) return { missing: '`go` was not found or does not run' };
      const [, major, minor] = /go(\d+)\.(\d+)/.exec(stdout) ?? [];
      const isAtLeast = (wanted: number) => Number(major) > 1 || Number(minor) >= wanted;
      // Since 1.21 Go fetches the newer toolchain that a module asks for, unless it is told to stay with the
      // local one.
      const fetchesNewer =
        isAtLeast(21) && (await runCommand('go', ['env', 'GOTOOLCHAIN'])).trim() === 'auto';
      if (isAtLeast(24) || fetchesNewer) return { found: 'go' };
      return {
        unusable: `\`go\` is version ${major}.${minor}, too old`,
        hint:
          'Install a newer one from https://go.dev/dl or from the backports of your Debian release. ' +
          'For tests, MINIO_ENDPOINT may name a server that you have, which needs no Go.',
      };
    },
  });
}

/** Runs the readers of the lake that are not ours. */
export async function requirePython(): Promise<string> {
  return ensure({
    what: 'Python 3.11 or later with its venv module',
    code: 'services:python_missing',
    packages: ['python3-venv'],
    async find() {
      const { status, stdout } = await tryCommand('python3', [
        '-c',
        'import sys; print(*sys.version_info[:2])',
      ]);
      if (status !== 0) return { missing: '`python3` was not found or does not run' };
      const [major = 0, minor = 0] = stdout.trim().split(' ').map(Number);
      if (major < 3 || minor < 11) {
        return {
          unusable: `\`python3\` is version ${major}.${minor}`,
          hint: 'Put a newer python3 first on PATH.',
        };
      }
      const venv = await tryCommand('python3', ['-c', 'import venv, ensurepip']);
      return venv.status === 0 ? { found: 'python3' } : { missing: '`python3` has no venv module' };
    },
  });
}

/** The browser in which the dashboard's page is tested. */
export async function requireChromium(): Promise<string> {
  return ensure({
    what: 'Chromium',
    code: 'services:chromium_missing',
    packages: ['chromium', 'chromium-browser'],
    async find() {
      for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
        const { status, stdout } = await tryCommand('sh', ['-c', `command -v ${name} && ${name} --version`]);
        if (status === 0) return { found: stdout.split('\n')[0] ?? name };
      }
      return { missing: 'neither `chromium` nor `google-chrome` was found or runs' };
    },
  });
}

async function ensure<T>({ what, code, packages, find }: Prerequisite<T>): Promise<T> {
  let search = await find();
  if ('found' in search) return search.found;
  const name = await debianPackage(packages);
  if ('missing' in search && name !== undefined && process.getuid?.() === 0) {
    console.error(`${what} is needed, but ${search.missing}: installing the Debian package ${name}`);
    const env = { DEBIAN_FRONTEND: 'noninteractive' };
    await runCommand('apt-get', ['update'], { env });
    // What is installed already stays as it is: a server may be running on it.
    await runCommand('apt-get', ['install', '-y', '--no-install-recommends', '--no-upgrade', name], { env });
    search = await find();
  }
  if ('found' in search) return search.found;
  const problem = 'missing' in search ? search.missing : search.unusable;
  const hint =
    'hint' in search ? search.hint : `On Debian or Ubuntu: sudo apt-get install ${name ?? packages[0]}`;
  throw new ServerError(code, `${what} is needed, but ${problem}.`, { hint });
}

/** The first of `names` that this machine's package lists know; undefined where there is no apt. */
async function debianPackage(names: string[]): Promise<string | undefined> {
  if (!existsSync('/etc/debian_version')) return undefined;
  for (const name of names) {
    const { status } = await tryCommand('apt-cache', ['show', '--no-all-versions', name]);
    if (status === 0) return name;
  }
  // The lists may be empty, as in a fresh container; `apt-get update` comes before the installation.
  return names[0];
}
