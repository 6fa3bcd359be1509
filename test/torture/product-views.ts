import { randomUUID } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import type { Random } from '../../generator/random.ts';
import { askProductViews, membersOf } from '../oracle/product-views.ts';
import { urlOf } from '../servers/postgres.ts';
import { type Environment, embedded, json } from '../stack/end-to-end-environment.ts';
import type { Pipeline } from './fault.ts';
import type { TortureStack } from './stack.ts';

const DATASET = 'product_views';
/** Messages of a file; a quarter of them are in every file. */
const ROWS = 400;
/** Browser and system of user agents, worked out by hand; all generated messages get one of these. */
const USER_AGENTS = {
  'Mozilla/5.0 (iPhone; CPU iPhone OS 13_4_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.1 Mobile/15E148 Safari/604.1':
    ['Safari', 'iOS'],
  'Mozilla/5.0 (Linux; Android 10; SM-G973F) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/81.0.4044.117 Mobile Safari/537.36':
    ['Chrome', 'Android'],
  'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)': ['Googlebot', null],
  'curl/7.68.0': ['curl', null],
};

/** The dataset `product_views` in local files, published to a database of its own behind the proxy. */
export async function openProductViews(
  { tcp: { postgres } }: TortureStack,
  random: Random,
  writeMode: 'batch' | 'partition',
): Promise<Pipeline> {
  const database = `torture_${randomUUID().replaceAll('-', '')}`;
  await createDatabase(urlOf({ port: postgres.port }), database);
  const warehouse = urlOf({ port: postgres.port }).replace(/[^/]*$/, database);
  const local = await embedded();
  const environment = { ...local, variables: { ...local.variables, WAREHOUSE_URL: warehouse } };
  const { folder } = environment;
  let source: string[] | undefined;
  return {
    environment,
    dataset: DATASET,
    options: ['--write-mode', writeMode],
    async writeFile(wave) {
      source ??= await generated(environment, random);
      const name = `wave-${wave}.ndjson`;
      const lines = source.map((line, n) => (n % 4 === 0 ? line : line.replace('"id":"', `"id":"${wave}-`)));
      // It is rejected, and makes a file of its own of the same messages.
      lines.push(`{"wave":${wave}}`);
      await writeFile(join(folder, name), `${lines.join('\n')}\n`);
      return name;
    },
    async checkExact(names) {
      await json(environment, ['process', DATASET]);
      const audit = await json(environment, ['audit', DATASET]);
      const report = await askProductViews({
        messages: names.map((name) => join(folder, name)),
        lake: environment.lake.uri.replace(/electronics$/, DATASET),
        warehouse,
        products: await membersOf(join(folder, 'data', `${DATASET}-products.csv`)),
        locations: await membersOf(join(folder, 'data', `${DATASET}-locations.csv`)),
        user_agents: USER_AGENTS,
        date: null,
        reports: {},
      });
      if (report.count === 0 && report.facts > 0) return;
      const found = report.differences.slice(0, 5).join('; ');
      throw new Error(`the oracle differs: ${found}; while the audit balances: ${JSON.stringify(audit)}`);
    },
  };
}

async function createDatabase(url: string, name: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(`CREATE DATABASE ${name}`);
  await client.end();
}

/** Messages with some dirty ones among them; the files of products and locations are beside them. */
async function generated(environment: Environment, random: Random): Promise<string[]> {
  const data = join(environment.folder, 'data');
  await mkdir(data);
  const file = join(data, `${DATASET}.ndjson`);
  const args = ['--rows', `${ROWS}`, '--seed', `${random.below(1_000_000)}`, '--dirty', '0.02'];
  await json(environment, ['generate', DATASET, ...args, '--out', file]);
  const agents = Object.keys(USER_AGENTS);
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
  return lines.map((line, n) =>
    line.replaceAll(/"user_agent":"[^"]*"/g, `"user_agent":"${agents[n % agents.length]}"`),
  );
}
