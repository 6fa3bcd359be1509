import { spawn } from 'node:child_process';
import { ServerError } from './errors.ts';

/** Where and with what a command runs, besides its arguments. */
export interface CommandOptions {
  cwd?: string;
  /** Added to this process's own environment. */
  env?: Record<string, string>;
  /** Written to the command's standard input, which is otherwise empty. */
  input?: Uint8Array;
  /** The user and group to run as, if not the current one. */
  uid?: number | undefined;
}

/** What a finished command left. `output` is stdout and stderr in the order in which they arrived. */
export interface CommandResult {
  status: number;
  stdout: string;
  output: string;
}

/** Runs a command to its end. A command that does not exist gives status 127, as in a shell. */
export async function tryCommand(
  command: string,
  args: string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      env: { ...process.env, ...options.env },
      ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
    });
    let stdout = '';
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT')
        resolve({ status: 127, stdout: '', output: `${command}: command not found` });
      else reject(error);
    });
    child.once('close', (status) => resolve({ status: status ?? 1, stdout, output }));
    // A command that exits without reading its input closes the pipe; its exit status says all there is to
    // say.
    child.stdin.on('error', () => {});
    child.stdin.end(options.input);
  });
}

/**
 * Runs a command that must succeed and gives back its stdout.
 *
 * @throws ServerError `services:command_failed` with the last lines of what it printed
 */
export async function runCommand(
  command: string,
  args: string[],
  options: CommandOptions = {},
): Promise<string> {
  const { status, stdout, output } = await tryCommand(command, args, options);
  if (status !== 0) {
    throw new ServerError(
      'services:command_failed',
      `\`${[command, ...args].join(' ')}\` failed with status ${status}:\n${lastLines(output)}`,
    );
  }
  return stdout;
}

/** The last `count` lines of a text, without trailing blank ones, each indented by two spaces. */
export function lastLines(text: string, count = 20): string {
  const lines = text.trimEnd().split('\n').slice(-count);
  return lines.map((line) => `  ${line}`).join('\n');
}
