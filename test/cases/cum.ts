import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Home } from '../cli/fixtures.ts';

const CONTRACT = `name: cum
key: user_id
time: ts
columns:
  - {name: ts, type: timestamp, required: true}
  - {name: user_id, type: string, required: true}
  - {name: n, type: int64}
`;

/** A home whose commands know the dataset `cum`, of three columns, and of these models in YAML. */
export async function homeOfCum(models = ''): Promise<Home> {
  const home = await Home.create();
  await mkdir(join(home.folder, 'datasets/cum'), { recursive: true });
  await home.put('datasets/cum/dataset.yml', `${CONTRACT}${models}`);
  return home;
}

/** Runs a command of it, in stores named `stores`. */
export function runCum(home: Home, args: readonly string[], stores = 'stores') {
  return home.run(args, {
    EVENTLAKE_HOME: join(home.folder, stores),
    EVENTLAKE_DATASETS: join(home.folder, 'datasets'),
  });
}
