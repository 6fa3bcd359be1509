import { csvQuery } from '../adapters/duckdb/csv-query.ts';
import { lookupQuery } from '../adapters/duckdb/model-lookup.ts';
import { type DatasetFolder, modelQuery } from '../config/dataset/read.ts';
import type { Settings } from '../config/settings.ts';
import { EVENTS_TABLE, keyOf, type LookupKind, type Model } from '../core/dataset.ts';
import type { Lookup } from '../core/lookup.ts';
import type { ModelInput } from '../processing/model-inputs.ts';
import type { ModelSteps } from '../processing/process-context.ts';
import type { Session } from './session.ts';

/**
 * The models in order; each may read the events, the tables of those before it, and the tables of other
 * datasets that it names.
 */
export async function modelSteps(session: Session): Promise<ModelSteps[]> {
  const { dataset, tables, derived, openTable, settings } = session;
  const earlier: ModelInput[] = [{ name: EVENTS_TABLE, table: tables.events }];
  const steps: ModelSteps[] = [];
  for (const model of dataset.models) {
    const table = derived.get(model.table) ?? openTable(model.table);
    const others = (model.reads ?? []).map((name) => ({ name, table: openTable(name) }));
    const lookup = model.lookup && (await LOOKUPS[model.lookup](settings));
    const query = await queryOf(session, model, lookup);
    // The names of files in the query of a csv are no tables.
    const inputs = model.csv ? [] : [...earlier, ...others];
    steps.push({ model, query, lookup, inputs, table });
    earlier.push({ name: model.table, table });
  }
  return steps;
}

async function queryOf(folder: DatasetFolder, model: Model, lookup: Lookup | undefined): Promise<string> {
  if (lookup) return lookupQuery(model.from ?? '', lookup);
  return model.csv ? csvQuery(model.csv, keyOf(model)) : modelQuery(folder, model);
}

/** How the data of each kind of look-up is opened; it is loaded only where a dataset uses it. */
const LOOKUPS: Readonly<Record<LookupKind, (settings: Settings) => Promise<Lookup>>> = {
  async user_agent() {
    const { UserAgentLookup } = await import('../adapters/bowser/user-agent.ts');
    return new UserAgentLookup();
  },
  async location({ geoipDatabase }) {
    const { LocationLookup } = await import('../adapters/mmdb/location.ts');
    return LocationLookup.open(geoipDatabase);
  },
};
