import { type Dataset, type Model, modelOf } from '../core/dataset.ts';
import type { CopyComparison, LocalEngine } from '../core/engine.ts';
import type { Sink } from '../core/sink.ts';
import { type LocalFiles, newestFiles } from '../lake/local-files.ts';
import type { DeltaTable } from '../lake/table.ts';
import { sinkFields } from '../processing/publish.ts';

/** A published copy: its model, the model's table in the lake, and the sink. */
interface Copy {
  readonly model: Model;
  readonly table: DeltaTable;
  readonly sink: Sink;
}

/** A copy by the name of its table. */
export interface NamedCopy {
  readonly table: string;
  readonly sink: Sink;
}

/** The published copies, and what they are compared with. */
export interface CopiesContext {
  readonly dataset: Dataset;
  /** Null where the dataset has no model. */
  readonly profiles: DeltaTable | null;
  /**
   * The tables of all models, by name: their files must be whole, also those that nothing is published from.
   */
  readonly derived: ReadonlyMap<string, DeltaTable>;
  readonly index: Sink | null;
  /** The copies in PostgreSQL. */
  readonly warehouse: readonly NamedCopy[];
  readonly files: LocalFiles;
  readonly engine: LocalEngine;
}

/** The copies in PostgreSQL. */
export function warehouseCopies({ dataset, derived, warehouse }: CopiesContext): Copy[] {
  return warehouse.flatMap(({ table: name, sink }) => {
    const model = dataset.models.find(({ table }) => table === name);
    const table = derived.get(name);
    return model && table ? [{ model, table, sink }] : [];
  });
}

/** Compares the index with the table of the entities; null where there is no index, or no such table. */
export async function compareIndex(context: CopiesContext): Promise<CopyComparison | null> {
  const { dataset, profiles, index } = context;
  const model = modelOf(dataset);
  return model && profiles && index ? compareCopy(context, { model, table: profiles, sink: index }) : null;
}

/** Compares what the sink shows with what publishing the newest rows would send. */
export async function compareCopy(
  { dataset, files, engine }: CopiesContext,
  { model, table, sink }: Copy,
): Promise<CopyComparison> {
  const { snapshot, paths } = await newestFiles(table, files);
  const fields = sinkFields(snapshot?.fields ?? [], { model, columns: dataset.columns });
  return engine.compare(sink, fields, paths);
}

/** What differs in the index, and the command that repairs it. */
export function indexText(
  { rows: documents, differing, examples }: CopyComparison,
  profiles: number,
): string {
  const counts =
    documents === profiles
      ? `documents of the index as their profiles: ${differing} of ${documents} differ`
      : `documents of the index = profiles: ${documents} is not ${profiles}, ${differing} differ`;
  return `${counts} (${named(examples, differing)}). Run: eventlake process; if it finds the index up to date: eventlake process --republish`;
}

/** What differs in a table of PostgreSQL, and the command that repairs it. */
export function copyText(table: string, { rows, differing, examples }: CopyComparison): string {
  return `rows of ${table} in PostgreSQL as in the lake: ${differing} differ, it has ${rows} (${named(examples, differing)}). Run: eventlake process; if it finds them up to date: eventlake process --republish`;
}

function named(examples: readonly string[], all: number): string {
  return examples.join(', ') + (all > examples.length ? ', …' : '');
}
