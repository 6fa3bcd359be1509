import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Random } from '../../../generator/random.ts';
import { embedded, eventlake, json } from '../../stack/end-to-end-environment.ts';
import { checkExact } from '../electronics.ts';
import type { RepeatedFault } from '../fault.ts';
import { generate, one } from './source.ts';

/** Parts of names, and what each would match, were the name a pattern. */
const PATTERNS = [
  ['[bc]', 'b'],
  ['[!x]', 'y'],
  ['[a-z]', 'q'],
  ['*', 'any'],
  ['{d,e}', 'd'],
] as const;
const PARTS = [...PATTERNS, ['?', 'z'], ['\\', ''], ["it's ", "it's "], ['%20', '%20'], ['é', 'é']] as const;

/** The name of a home, and of another one that the name would match. */
function drawn(random: Random): [name: string, sibling: string] {
  const parts = [one(random, PATTERNS), ...Array.from({ length: random.below(3) }, () => one(random, PARTS))];
  return [`h${parts.map(([part]) => part).join('')}`, `h${parts.map(([, match]) => match).join('')}`];
}

export const AWKWARD_FOLDER: RepeatedFault = {
  name: 'awkward-folder',
  how: 'the home has a name with [ ] { } ? * \\ in it, and matches the name of another home as a pattern',
  outcome: 'the same as in another home, or `settings:bad_home`',
  async openHarmed({ random }) {
    const environment = await embedded();
    const { folder } = environment;
    const a = await generate(environment, 'a.csv', random);
    const b = await generate(environment, 'b.csv', random);
    await json(environment, ['run', '--file', b.name]);
    const other = join(folder, 'other');
    await cp(join(folder, 'home'), other, { recursive: true });
    await eventlake(environment, ['reset', '--yes']);
    await json(environment, ['run', '--file', a.name]);
    const expected = JSON.stringify(await json(environment, ['audit']));
    return {
      async inject() {
        const [name, sibling] = drawn(random);
        await cp(other, join(folder, sibling), { recursive: true });
        const here = { ...environment, variables: { EVENTLAKE_HOME: join(folder, name) } };
        const { code, stderr } = await eventlake(here, ['run', '--file', a.name]);
        const isBad = /[?\\]/.test(name);
        if (isBad ? code !== 2 || !stderr.includes('[settings:bad_home]') : code !== 0)
          throw new Error(`run in ${name} ended with ${code}: ${stderr}`);
        const audit = isBad ? expected : JSON.stringify(await json(here, ['audit']));
        if (audit !== expected) throw new Error(`the audit in ${name} says ${audit}, not ${expected}`);
        for (const home of [name, sibling]) await rm(join(folder, home), { recursive: true, force: true });
        return 1;
      },
      checkExact: () => checkExact(environment, [a]),
      close: () => environment.remove(),
    };
  },
};
