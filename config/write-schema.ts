/** Writes `datasets/dataset.schema.json`: `node config/write-schema.ts`, after a change of core/dataset/. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { datasetJsonSchema } from './dataset/schema.ts';

const file = join(import.meta.dirname, 'datasets', 'dataset.schema.json');
await writeFile(file, `${JSON.stringify(datasetJsonSchema(), null, 2)}\n`);
