import type { AuditReport } from '../../../inspection/audit.ts';
import { readLake } from '../../oracle/read-lake.ts';
import { askIndex, json, realServers } from '../../stack/end-to-end-environment.ts';
import { checkExact } from '../electronics.ts';
import type { Scenario } from '../fault.ts';
import { generate } from './source.ts';

const DELETE_ROWS = `
uri, options, predicate = request
print(DeltaTable(uri, storage_options=options).delete(predicate)["num_deleted_rows"])`;

/** What other programs and people change in the stores. */
export const CHANGES_BY_HAND: readonly Scenario[] = [
  {
    name: 'altered-documents',
    how: 'one document of the index is altered, one deleted, one put there by hand',
    outcome: 'the audit counts them (exit code 3); `process --republish` repairs them; exact',
    async play({ random }) {
      const environment = await realServers();
      try {
        const file = await generate(environment, 'a.csv', random);
        await json(environment, ['run', '--file', file.name]);
        const found = await askIndex(environment, 'GET', '_search?size=1000');
        const ids: string[] = found.hits.hits.map(({ _id }: { _id: string }) => _id).sort();
        const [altered] = ids.splice(random.below(ids.length), 1);
        const [deleted] = ids.splice(random.below(ids.length), 1);
        await askIndex(environment, 'POST', `_update/${altered}`, {
          doc: { total_spent: 1e6 + random.below(1e6) },
        });
        await askIndex(environment, 'DELETE', `_doc/${deleted}`);
        await askIndex(environment, 'PUT', `_doc/stranger-${random.below(1e6)}?refresh=true`, {
          user_id: 'x',
        });
        const audit = await json<AuditReport>(environment, ['audit'], 3);
        if (audit.index?.differing !== 3) throw new Error(`audit: ${JSON.stringify(audit)}`);
        await json(environment, ['process', '--republish']);
        await checkExact(environment, [file]);
        return 1;
      } finally {
        await environment.remove();
      }
    },
  },
  {
    name: 'deleted-rows',
    how: 'delta-rs deletes random rows of `events`',
    outcome: 'the audit says so (exit code 3), also after `process`; exact after `reset` and `run`',
    async play({ random }) {
      const environment = await realServers();
      try {
        const file = await generate(environment, 'a.csv', random);
        await json(environment, ['run', '--file', file.name]);
        const { uri, options } = environment.lake;
        const predicate = `log_offset % 7 = ${random.below(7)}`;
        const deleted = await readLake(DELETE_ROWS, [`${uri}/events`, options, predicate]);
        await json(environment, ['audit'], 3);
        await json(environment, ['process']);
        await json(environment, ['audit'], 3);
        await json(environment, ['reset', '--yes']);
        await json(environment, ['run', '--file', file.name]);
        await checkExact(environment, [file]);
        return Number(deleted);
      } finally {
        await environment.remove();
      }
    },
  },
];
