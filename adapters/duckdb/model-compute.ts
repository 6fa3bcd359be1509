import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { LocalFile, TableField } from '../../core/data-files.ts';
import { EVENTS_TABLE } from '../../core/dataset.ts';
import { hasCode } from '../../core/errors.ts';
import { unreadableCsv } from './csv-query.ts';
import { describeModel } from './describe.ts';
import type { Computed, EventRows, ModelRun } from './model-run.ts';
import { passesOf, sharesIn, sharesOf } from './model-shares.ts';
import { dropInputs, openInputs, view } from './model-views.ts';
import { writeModelRows } from './parquet-writer.ts';

/** Computes the whole table. */
export async function computeAll(run: ModelRun): Promise<Computed> {
  const events = await openInputs(run);
  try {
    return await computeOver(run, events, run.folder);
  } finally {
    await dropInputs(
      run.sql,
      run.inputs.map(({ name }) => name),
    );
  }
}

/** The model's rows over these events, all at once or a share at a time, in files of the folder. */
export async function computeOver(run: ModelRun, events: EventRows, folder: string): Promise<Computed> {
  const { sql, model } = run;
  const isShared = model.shareBy !== undefined && events.rows > 0;
  for (let shares = isShared ? await sharesOf(sql, events.rows, events.paths) : 1; ; shares *= 4) {
    const part = join(folder, `of-${shares}`);
    try {
      return shares === 1
        ? await computeAtOnce(run, events, folder)
        : await computeShares(run, events, shares, part);
    } catch (error) {
      // Long values that repeat are small in the files and large in memory.
      if (!isShared || !hasCode(error, 'sql:out_of_memory') || shares > events.rows) throw error;
      await rm(part, { recursive: true, force: true });
    }
  }
}

async function computeAtOnce(run: ModelRun, { source }: EventRows, folder: string): Promise<Computed> {
  const { sql, model, query, dataset } = run;
  const columns = dataset.columns.map((column) => column.name).join(', ');
  await view(sql, EVENTS_TABLE, `(SELECT ${columns} FROM ${source})`);
  const fields = await describeModel(sql, run);
  run.signal?.throwIfAborted();
  const to = join(folder, `${model.table}.parquet`);
  const files = await writeModelRows(sql, query, fields, to).catch((cause: Error) => {
    throw model.csv ? unreadableCsv(model.table, model.csv, cause) : cause;
  });
  run.onProgress?.(1, 1);
  return { fields, files };
}

async function computeShares(
  run: ModelRun,
  events: EventRows,
  shares: number,
  folder: string,
): Promise<Computed> {
  const { sql, model, query, dataset } = run;
  await mkdir(folder, { recursive: true });
  const passes = passesOf(shares);
  const total = passes.reduce((product, parts) => product * parts, 1);
  const files: LocalFile[] = [];
  let fields: TableField[] = [];
  let done = 0;
  const splitting = { dataset, shareBy: model.shareBy ?? dataset.key, ...events };
  for await (const share of sharesIn(sql, splitting, passes, join(folder, 'shares'))) {
    run.signal?.throwIfAborted();
    await view(sql, EVENTS_TABLE, share);
    if (done === 0) fields = await describeModel(sql, run);
    const to = join(folder, `${model.table}-${done}.parquet`);
    files.push(...(await writeModelRows(sql, query, fields, to)));
    done += 1;
    run.onProgress?.(done, total);
  }
  return { fields, files };
}
