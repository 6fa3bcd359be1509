/**
 * Writes a dataset's `kibana.ndjson` anew: `node config/kibana/build.ts config/datasets/<name>`, after a change of its kibana.yml or of what
 * makes Kibana's objects of it.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../../core/errors.ts';
import { DEFAULT_INDEX, dashboardFile } from './saved-objects.ts';

const [folder] = process.argv.slice(2);
if (!folder) throw new UsageError('dashboard:usage', 'Name the folder of the dataset.');
await writeFile(
  join(folder, 'kibana.ndjson'),
  await dashboardFile(join(folder, 'kibana.yml'), DEFAULT_INDEX),
);
