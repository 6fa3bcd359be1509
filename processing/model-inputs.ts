import { EVENTS_TABLE } from '../core/dataset.ts';
import { names, readsDataset } from '../core/model-query.ts';
import type { Snapshot } from '../lake/snapshot.ts';
import type { DeltaTable } from '../lake/table.ts';

/**
 * A table that a model may read, under the name by which its SQL calls it: `events`, an earlier table, or
 * `dataset.table`.
 */
export interface ModelInput {
  readonly name: string;
  readonly table: DeltaTable;
}

/** An input as one computation sees it. */
export interface SeenInput extends ModelInput {
  readonly snapshot: Snapshot;
}

/**
 * Those of the tables that the query may read. One that is named for something else only costs a computation.
 */
export function inputsOf(query: string, tables: readonly ModelInput[]): ModelInput[] {
  return tables.filter(({ name }) => names(query, name) || (name === EVENTS_TABLE && readsDataset(query)));
}

/**
 * The application id under which a derived table records the version of this very input that it was computed
 * from.
 */
function app({ name }: Pick<ModelInput, 'name'>, { metaData }: Snapshot): string {
  return `${name}-version/${metaData.id}`;
}

/**
 * The version of `events` that a derived table shows; null when it was computed from another table, such as
 * one that was there before a reset, or does not say from which.
 */
export function computedFrom(derived: Snapshot, events: Snapshot): bigint | null {
  return derived.txns.get(app({ name: EVENTS_TABLE }, events)) ?? null;
}

/** The inputs of which the derived table does not show the present version. */
export function changedInputs(derived: Pick<Snapshot, 'txns'>, inputs: readonly SeenInput[]): SeenInput[] {
  return inputs.filter((input) => derived.txns.get(app(input, input.snapshot)) !== input.snapshot.version);
}

/**
 * What a table that is computed from these inputs records: the version of each, and the version of the events
 * that an input was computed from, so that every derived table says which events it shows.
 */
export function versionsOf(inputs: readonly SeenInput[]): Map<string, bigint> {
  const versions = new Map<string, bigint>();
  for (const { snapshot } of inputs) {
    for (const [id, version] of snapshot.txns) {
      const known = versions.get(id);
      if (id.startsWith(`${EVENTS_TABLE}-version/`) && (known === undefined || version < known))
        versions.set(id, version);
    }
  }
  for (const input of inputs) versions.set(app(input, input.snapshot), input.snapshot.version);
  return versions;
}
