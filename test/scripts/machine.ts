import { execFile, execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const PROJECT = resolve(import.meta.dirname, '../..');

/**
 * What the scripts may call beside the programs that are faked: all of it is in POSIX or, as `env`,
 * everywhere.
 */
const TOOLS = 'bash sh env cat chmod sed tail tr od mv rm grep dirname'.split(' ');

/** A program's answers by its arguments, as `case` of sh matches them; anything else exits 64 and says so. */
export type Answers = Record<string, { out?: string; error?: string; status?: number }>;

export interface Result {
  status: number;
  /** stdout and stderr, each a list of lines. */
  out: string[];
  error: string[];
}

/** What setup-environment.sh asks docker. */
export const MEMORY = 'info --format {{.MemTotal}}';
export const COMPOSE = 'compose version --short';
export const OWN = 'ps -q --filter label=com.docker.compose.project=eventlake';
/** A Docker with which the stack can start. */
export const DOCKER: Answers = {
  [MEMORY]: { out: '8300000000\n' },
  [COMPOSE]: { out: '2.40.3\n' },
  [OWN]: {},
};
/** The variables of a Codespace. */
export const CODESPACE = {
  CODESPACES: 'true',
  CODESPACE_NAME: 'fluffy-disco-x5',
  GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN: 'preview.example.dev',
};
/** The /proc/version of a Linux under Windows. */
export const WSL = 'Linux version 5.15.167.4-microsoft-standard-WSL2 (root@f9c826d3017f)';

const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
const lines = (text: string) => text.split('\n').filter((line) => line !== '');

/**
 * A folder with the project's scripts and `.env` in it, and a PATH that holds standard tools and fakes and
 * nothing else.
 */
export class Machine {
  readonly folder: string;
  /** Free ports that stand in `.env` in place of the usual ones, on which anything may listen here. */
  readonly ports: Record<string, number> = {};

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** A Linux machine without docker and gh. */
  static async create(): Promise<Machine> {
    const machine = new Machine(await mkdtemp(join(tmpdir(), 'eventlake-machine-')));
    mkdirSync(join(machine.folder, 'bin'));
    mkdirSync(join(machine.folder, 'project'));
    for (const tool of TOOLS) {
      const found = execFileSync('/bin/sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).trim();
      symlinkSync(found, join(machine.folder, 'bin', tool));
    }
    for (const file of ['setup-environment.sh', 'configure-ports.sh', 'stack.sh', '.env']) {
      copyFileSync(join(PROJECT, file), join(machine.folder, 'project', file));
    }
    let env = machine.read('.env') ?? '';
    const names = [...env.matchAll(/^(\w+_PORT)=/gm)].map((match) => match[1] ?? '');
    const free = await freePorts(names.length);
    for (const [i, name] of names.entries()) {
      machine.ports[name] = free[i] ?? 0;
      env = env.replace(new RegExp(`^${name}=.*$`, 'm'), `${name}=${free[i]}`);
    }
    machine.write('.env', env);
    machine.kernel('Linux', 'Linux version 6.1.0-28-amd64 (debian-kernel@lists.debian.org)');
    return machine;
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true });
  }

  /** The system's name, as uname tells it, and its /proc/version. */
  kernel(name: string, version?: string): void {
    this.fake('uname', { '-s': { out: `${name}\n` } });
    mkdirSync(join(this.folder, 'proc'), { recursive: true });
    writeFileSync(join(this.folder, 'proc', 'version'), version ?? '');
  }

  fake(program: string, answers: Answers): void {
    const arms = Object.entries(answers).map(
      ([args, { out = '', error = '', status = 0 }]) =>
        `  ${quote(args)}) printf %s ${quote(out)}; printf %s ${quote(error)} >&2; exit ${status} ;;`,
    );
    const file = join(this.folder, 'bin', program);
    writeFileSync(
      file,
      `#!/bin/sh
echo "$*" >>${quote(join(this.folder, `${program}.calls`))}
case "$*" in
${arms.join('\n')}
esac
echo "fake ${program}: unknown arguments $*" >&2
exit 64
`,
    );
    chmodSync(file, 0o755);
  }

  /** The arguments of each call of a fake so far. */
  calls(program: string): string[] {
    const file = join(this.folder, `${program}.calls`);
    return existsSync(file) ? lines(readFileSync(file, 'utf8')) : [];
  }

  /** A file of the project's folder; null where there is none. */
  read(name: string): string | null {
    const file = join(this.folder, 'project', name);
    return existsSync(file) ? readFileSync(file, 'latin1') : null;
  }

  /** Writes a file into the project's folder; characters are bytes. */
  write(name: string, text: string): void {
    writeFileSync(join(this.folder, 'project', name), text, 'latin1');
  }

  /** Runs a script of the project with the variables of `env` and no others. */
  run(script: string, args: string[] = [], env: Record<string, string> = {}): Promise<Result> {
    return new Promise((done, fail) => {
      execFile(
        join(this.folder, 'project', script),
        args,
        // From another folder, as a person may.
        { cwd: '/', env: { PATH: join(this.folder, 'bin'), SYSTEM_ROOT: this.folder, ...env } },
        (error, out, stderr) => {
          const status = error === null ? 0 : error.code;
          if (typeof status === 'number') done({ status, out: lines(out), error: lines(stderr) });
          else fail(error);
        },
      );
    });
  }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  const ports: number[] = [];
  for (const server of servers) {
    if (!server.listening) await new Promise((listening) => server.once('listening', listening));
    const address = server.address();
    if (typeof address === 'object' && address !== null) ports.push(address.port);
  }
  for (const server of servers) await new Promise((closed) => server.close(closed));
  return ports;
}
