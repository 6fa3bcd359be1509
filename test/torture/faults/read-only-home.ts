import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmod, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { embedded, json, outcomeOf } from '../../stack/end-to-end-environment.ts';
import { checkExact } from '../electronics.ts';
import type { RepeatedFault } from '../fault.ts';
import { generate, one } from './source.ts';

const MAIN = join(import.meta.dirname, '../../../cli/main.ts');
/** Of root, no mode keeps anything: it looks as another user. */
const NOBODY = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

export const READ_ONLY_HOME: RepeatedFault = {
  name: 'read-only-home',
  how: 'status, audit, rejected, check-data or process in a home that they may not write to',
  outcome: 'they answer the same, and leave nothing behind; process is refused (`settings:bad_home`); exact',
  async openHarmed({ random }) {
    const environment = await embedded();
    const { folder } = environment;
    const home = join(folder, 'home');
    const temporary = join(folder, 'temporary');
    const ask = (args: readonly string[], user: typeof NOBODY) => {
      const { PATH = '', HOME = '' } = process.env;
      const env = { PATH, HOME, ...environment.variables, TMPDIR: temporary };
      return outcomeOf(spawn(process.execPath, [MAIN, ...args], { cwd: folder, env, ...user }));
    };
    const file = await generate(environment, 'a.csv', random);
    await json(environment, ['run', '--file', file.name]);
    await mkdir(temporary);
    const looks = [['status'], ['audit'], ['rejected'], ['check-data', '--file', file.name]];
    const before = new Map<readonly string[], string>();
    for (const args of looks) before.set(args, JSON.stringify(await ask(args, {})));
    await chmod(folder, 0o755);
    await chmod(temporary, 0o777);
    await chmod(file.file, 0o644);
    execFileSync('chmod', ['-R', 'a+rX,a-w', home]);
    return {
      async inject() {
        const isReadOnly = spawnSync('touch', [join(home, 'written')], NOBODY).status !== 0;
        const args = one(random, [...looks, ['process']]);
        const outcome = await ask(args, NOBODY);
        const isSame = before.has(args)
          ? JSON.stringify(outcome) === before.get(args)
          : outcome.code === 2 && outcome.stderr.includes('[settings:bad_home]');
        if (!isSame)
          throw new Error(`${args[0]} answers ${JSON.stringify(outcome)}, not ${before.get(args)}`);
        const left = await readdir(temporary);
        if (left.length > 0) throw new Error(`${args[0]} has left ${left}`);
        return isReadOnly ? 1 : 0;
      },
      async checkExact() {
        execFileSync('chmod', ['-R', 'u+w', home]);
        await checkExact(environment, [file]);
      },
      async close() {
        execFileSync('chmod', ['-R', 'u+w', folder]);
        await environment.remove();
      },
    };
  },
};
