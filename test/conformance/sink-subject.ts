import { afterEach, beforeEach } from '@jest/globals';
import { hasCode } from '../../core/errors.ts';
import type { Sink, SinkField, SinkForm } from '../../core/sink.ts';
import { type Change, fileOf as writeChanges } from './changes-file.ts';

/** A copy of its own, and a view of it that does not go through the adapter. */
export interface SinkUnderTest {
  /** Another adapter for the same copy, as another process would have. */
  connect(): Sink;
  /** What a person finds: the rows by id, without columns that are null. */
  documents(): Promise<Record<string, unknown>>;
}

/** What the suite's tables have. */
export const FIELDS: SinkField[] = [
  { name: 'user_id', type: 'string', key: true },
  { name: 'purchases', type: 'long', key: false },
  { name: 'total_spent', type: 'double', key: false },
  { name: 'loyal', type: 'boolean', key: false },
  { name: 'last_seen', type: 'timestamp', key: false },
  { name: 'note', type: 'string', key: false },
];

/** The id of the table that the index shows. */
export const TABLE = 'table-1';

/** A row to store. */
export const put = (id: string, purchases: number): Change => ({
  id,
  document: JSON.stringify({ user_id: id, purchases }),
});
/** A row to delete. */
export const remove = (id: string): Change => ({ id, document: null });

/** A copy that does not exist yet, made again for each test, and how a pipeline fills it. */
export type SinkSubject = ReturnType<typeof sinkSubject>;

export function sinkSubject(form: SinkForm, make: () => SinkUnderTest) {
  let subject: SinkUnderTest;
  let index: Sink;
  let connected: Sink[];

  function fileOf(changes: readonly Change[], fields = FIELDS): string {
    return writeChanges(changes, form, fields);
  }

  function connect(): Sink {
    const another = subject.connect();
    connected.push(another);
    return another;
  }
  beforeEach(() => {
    subject = make();
    connected = [];
    index = connect();
  });
  afterEach(async () => {
    await index.wipe();
    for (const each of connected) await each.close();
  });

  /** Opens, applies and finishes as one undisturbed process does; answers with what `open` said. */
  async function publish(
    changes: Change[],
    version: bigint,
    fields = FIELDS,
    table = TABLE,
  ): Promise<bigint | null> {
    const publisher = connect();
    const shown = await publisher.open(fields, table);
    await publisher.apply(fileOf(changes, fields), version);
    await publisher.finish(version);
    return shown;
  }
  /** The same, started over as the pipeline does it when another writer was faster. */
  async function publishAmongOthers(changes: Change[], version: bigint): Promise<bigint | null> {
    try {
      return await publish(changes, version);
    } catch (error) {
      if (!hasCode(error, 'warehouse:superseded')) throw error;
      return publishAmongOthers(changes, version);
    }
  }
  /** Purchases by id, as a search finds them. */
  async function purchases(): Promise<Record<string, number>> {
    const documents = (await subject.documents()) as Record<string, { purchases: number }>;
    return Object.fromEntries(Object.entries(documents).map(([id, document]) => [id, document.purchases]));
  }

  return {
    /** The adapter of the test itself. */
    get index(): Sink {
      return index;
    },
    documents: () => subject.documents(),
    ...{ fileOf, connect, publish, publishAmongOthers, purchases },
  };
}
