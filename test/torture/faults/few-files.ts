import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { embedded, json, outcomeOf } from '../../stack/end-to-end-environment.ts';
import { checkExact } from '../electronics.ts';
import type { RepeatedFault } from '../fault.ts';
import { another, generate, type Source } from './source.ts';

const MAIN = join(import.meta.dirname, '../../../cli/main.ts');
/** Node alone needs more than 20, and `run` fewer than 32. */
const [LEAST, MOST] = [23, 32];

/** How many file descriptors there are decides where in its work a command runs out of them. */
export const FEW_FILES: RepeatedFault = {
  name: 'few-files',
  how: '`run` may have 23 to 31 files open (`ulimit -n`)',
  outcome: 'it succeeds or says that there are too few; exact with more',
  async openHarmed({ random }) {
    const environment = await embedded();
    const { folder, variables } = environment;
    const source = await generate(environment, 'a.csv', random);
    const ingested: Source[] = [];
    return {
      async inject() {
        const file = await another(environment, source, ingested.length);
        ingested.push(file);
        const args = ['run', '--file', file.name];
        const files = LEAST + random.below(MOST - LEAST);
        const command = `ulimit -n ${files}; exec "$0" "$@"`;
        const { PATH = '', HOME = '' } = process.env;
        const child = spawn('bash', ['-c', command, process.execPath, MAIN, ...args], {
          cwd: folder,
          env: { PATH, HOME, ...variables },
        });
        const { code, stderr, stdout } = await outcomeOf(child);
        if (code === 0) return 0;
        // Node itself ends where it cannot start.
        if (!/EMFILE|too many (open )?files/i.test(stderr) || stderr.includes('fault of eventlake'))
          throw new Error(`run with ${files} files ended with ${code}: ${stderr}${stdout}`);
        await json(environment, args);
        return 1;
      },
      checkExact: () => checkExact(environment, ingested),
      close: () => environment.remove(),
    };
  },
};
