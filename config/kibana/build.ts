/**
 * Writes a dataset's `kibana.ndjson`: `node config/kibana/build.ts config/datasets/<name>`, after a change of
 * its kibana.yml or of what makes Kibana's objects of it.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { publishedAs } from './published-as.ts';
import { dashboardFile } from './saved-objects.ts';

const [folder = ''] = process.argv.slice(2);
const index = await publishedAs(folder);
await writeFile(join(folder, 'kibana.ndjson'), await dashboardFile(join(folder, 'kibana.yml'), index));
