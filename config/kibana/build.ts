/** Writes `customers.ndjson` anew: `node config/kibana/build.ts`, after a change of customers.yml or of what makes Kibana's objects of it. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DEFAULT_INDEX, dashboardFile } from './saved-objects.ts';

await writeFile(join(import.meta.dirname, 'customers.ndjson'), await dashboardFile(DEFAULT_INDEX));
