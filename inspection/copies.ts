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
  /** The index of the entities. */
  readonly index: Sink | null;
  /** The other indices. */
  readonly indices: readonly NamedCopy[];
  /** The copies in PostgreSQL. */
  readonly warehouse: readonly NamedCopy[];
  readonly files: LocalFiles;
  readonly engine: LocalEngine;
}

/** What a copy holds, and how much of it is not as in the lake. */
export interface AuditedCopy {
  readonly table: string;
  readonly rows: number;
  readonly differing: number;
  /** What differs, and the command that repairs it; null where nothing does. */
  readonly difference: string | null;
}

/** Compares copies with their tables; `place` says what a copy holds and where it is, for people. */
export async function auditCopies(
  context: CopiesContext,
  copies: readonly NamedCopy[],
  place: { readonly unit: 'documents' | 'rows'; readonly name: string },
): Promise<AuditedCopy[]> {
  const { dataset, derived } = context;
  const audited: AuditedCopy[] = [];
  for (const { table: name, sink } of copies) {
    const model = dataset.models.find(({ table }) => table === name);
    const table = derived.get(name);
    if (!model || !table) continue;
    const { rows, differing, examples } = await compareCopy(context, { model, table, sink });
    const difference = `${place.unit} of ${name} in ${place.name} as in the lake: ${differing} differ, it has ${rows} (${named(examples, differing)}). Run: eventlake process; if it finds them up to date: eventlake process --republish`;
    audited.push({ table: name, rows, differing, difference: differing > 0 ? difference : null });
  }
  return audited;
}

/** Compares the index with the table of the entities; null where there is no index, or no such table. */
export async function compareIndex(context: CopiesContext): Promise<CopyComparison | null> {
  const { dataset, profiles, index } = context;
  const model = modelOf(dataset);
  return model && profiles && index ? compareCopy(context, { model, table: profiles, sink: index }) : null;
}

/** Compares what the sink shows with what publishing the newest rows would send. */
async function compareCopy(
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

function named(examples: readonly string[], all: number): string {
  return examples.join(', ') + (all > examples.length ? ', …' : '');
}
