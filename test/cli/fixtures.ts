import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');

/** What a command left: its exit code (null when a signal ended it) and what it printed. */
export interface Left {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Who runs a command: the user of the tests, or another one (which only root may choose). */
interface User {
  readonly uid?: number;
  readonly gid?: number;
}

/** A home of its own for the command line, and files for it. */
export class Home {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(): Promise<Home> {
    return new Home(await mkdtemp(join(tmpdir(), 'cli-')));
  }

  /** One where the commands find {@link FILE} by themselves. */
  static async withData(): Promise<Home> {
    const home = await Home.create();
    await mkdir(join(home.folder, 'data'));
    await home.put('data/electronics.csv', FILE);
    return home;
  }

  /** Writes a file of electronics with these rows, and answers with its path. */
  async put(name: string, content: string): Promise<string> {
    const path = join(this.folder, name);
    await writeFile(path, content);
    return path;
  }

  start(args: readonly string[], environment: Record<string, string> = {}, user: User = {}) {
    const env = { PATH: process.env.PATH, EVENTLAKE_HOME: join(this.folder, 'home'), ...environment };
    return spawn(process.execPath, ['--', join(ROOT, 'cli/main.ts'), ...args], {
      cwd: this.folder,
      env,
      ...user,
    });
  }

  /** Runs the real command line in the home's folder, with no setting but these. */
  async run(
    args: readonly string[],
    environment: Record<string, string> = {},
    user: User = {},
  ): Promise<Left> {
    const child = this.start(args, environment, user);
    const [out, err]: [Buffer[], Buffer[]] = [[], []];
    child.stdout.on('data', (bytes) => out.push(bytes));
    child.stderr.on('data', (bytes) => err.push(bytes));
    const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
    return { code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() };
  }

  /** Runs all at once, two at a time. */
  async runAll(
    commands: readonly (readonly string[])[],
    environment: Record<string, string> = {},
  ): Promise<Left[]> {
    const left: Left[] = new Array(commands.length);
    const waiting = commands.entries();
    const work = async () => {
      for (const [i, args] of waiting) left[i] = await this.run(args, environment);
    };
    await Promise.all([work(), work()]);
    return left;
  }
}

type Started = ReturnType<Home['start']>;

/** The address that a dashboard prints, once it listens. */
export function addressOf(child: Started): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    child.stdout.on('data', (bytes) => {
      said += bytes;
      const [address] = /http:\/\/[\w.:[\]]+/.exec(said) ?? [];
      if (address) resolve(address);
    });
    child.on('close', () => reject(new Error(`no address: ${said}`)));
  });
}

/** The exit code of a command that was started; null when a signal ended it. */
export function ended(child: Started): Promise<number | null> {
  return new Promise((resolve) => child.on('close', resolve));
}

const HEADER =
  'event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session\n';

/** A file of seven rows: five events of three users, one of them twice; one rejected, one dead letter. */
export const FILE = `${HEADER}2020-10-31 12:00:00 UTC,view,1,2144415922528452715,,asus,1.00,1515915625519388267,s
2020-10-31 12:00:00 UTC,view,1,2144415922528452715,,asus,1.00,1515915625519388267,s
2020-10-31 12:00:01 UTC,purchase,1,2144415922528452715,,asus,31.90,1515915625519388267,s
2020-10-31 12:00:01 UTC,cart,2,2144415922528452715,,,5.00,2,
2020-10-31 12:00:02 UTC,view,2,2144415922528452715,,,5.00,3,
2020-10-31 12:00:03 UTC,view,3,2144415922528452715,,,free,3,
oops
`;
