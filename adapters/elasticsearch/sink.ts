import type { estypes } from '@elastic/elasticsearch';
import { EventlakeError, hasCode } from '../../core/errors.ts';
import type { Sink, SinkCounts, SinkField } from '../../core/sink.ts';
import { BulkWriter } from './bulk.ts';
import { readChanges } from './changes-file.ts';
import { type ElasticsearchAddress, ElasticsearchConnection } from './connection.ts';
import { readDocuments } from './documents.ts';
import { indexBody, indexName, isIndexOf, mappingOf, templateOf } from './mapping.ts';

/** Changes that are in memory at a time. */
const CHANGES_AT_ONCE = 20_000;

/** An index of the alias's own, or another one that bears the alias. */
interface IndexState {
  readonly name: string;
  readonly own: boolean;
  readonly aliased: boolean;
  readonly version: bigint | null;
  /** The table that the index shows: its name, and the id that tells it from others of this name. */
  readonly table: string | null;
  readonly tableId: string | null;
}

/**
 * A sink on Elasticsearch 8: an alias over one index for each mapping and table, `<alias>-<digest of both>`.
 *
 * A new mapping, or another table of the same name, fills a new index beside the old one; `finish` moves the
 * alias and deletes the old index in one step. The version that an index shows is in the `_meta` of its
 * mapping, written last. Documents carry the profiles version as their external version, so of two writers
 * the newer wins document by document. What an interrupted or overtaken writer left behind is found in
 * `finish` by these versions. A writer that continues after a newer version was finished is not noticed: a
 * document that only its version has changed stays until the next change of it.
 */
export class ElasticsearchSink implements Sink {
  readonly description: string;
  readonly form = 'documents';
  readonly #connection: ElasticsearchConnection;
  readonly #bulk: BulkWriter;
  readonly #alias: string;
  readonly #table: string;
  #tableId: string | null = null;
  #index: string | undefined;
  /** The version that the changes to come build on; null when they are all documents. */
  #base: bigint | null = null;

  /**
   * `table`, as `<dataset>/<table>`, names what the index shows: an index of another table is left alone.
   */
  constructor(options: ElasticsearchAddress & { readonly index: string; readonly table: string }) {
    this.#connection = new ElasticsearchConnection(options);
    this.#bulk = new BulkWriter(this.#connection);
    this.#alias = options.index;
    this.#table = options.table;
    this.description = `elasticsearch ${this.#connection.address}, index ${options.index}`;
  }

  async open(fields: readonly SinkField[], tableId: string | null): Promise<bigint | null> {
    const mapping = mappingOf(fields);
    const index = indexName(this.#alias, mapping, tableId);
    this.#tableId = tableId;
    const states = await this.#states();
    if (states.some(({ name }) => name === this.#alias)) {
      throw new EventlakeError(
        'index:name_taken',
        `${this.#alias} at ${this.#connection.address} is an index, where an alias of this name is to be`,
        { hint: 'Set ELASTICSEARCH_INDEX to another name, or delete that index.' },
      );
    }
    const foreign = states.find(({ own, table }) => own && table !== null && table !== this.#table);
    if (foreign) {
      throw new EventlakeError(
        'index:name_taken',
        `${this.#alias} at ${this.#connection.address} shows ${foreign.table}, and ${this.#table} cannot share it`,
        { hint: 'Set ELASTICSEARCH_INDEX to another name for this dataset.' },
      );
    }
    const present = states.find(({ name }) => name === index);
    if (present === undefined) await this.#create(index, mapping);
    this.#index = index;
    this.#base = present?.aliased && present.tableId === tableId ? present.version : null;
    return this.#base;
  }

  async apply(file: string, version: bigint, onProgress?: (changes?: number) => void): Promise<SinkCounts> {
    const index = this.#opened();
    let stored = 0;
    let deleted = 0;
    for await (const changes of readChanges(file, CHANGES_AT_ONCE)) {
      await this.#bulk.write(index, changes, version);
      for (const { document } of changes) {
        if (document === null) deleted += 1;
        else stored += 1;
      }
      onProgress?.(stored + deleted);
    }
    return { stored, deleted };
  }

  async finish(version: bigint): Promise<void> {
    const index = this.#opened();
    await this.#connection.call((client) => client.indices.refresh({ index }));
    if (!(await this.#isOvertaken(version))) {
      await this.#removeLeftovers(index, version);
      await this.#moveAlias(index);
      if (!(await this.#isOvertaken(version))) await this.#record(index, version);
    }
    this.#base = version;
  }

  async count(): Promise<number> {
    // Not `ignore_unavailable`: with it, an index that this user may not see would count as none.
    const { statusCode, body } = await this.#connection.call((client) =>
      client.count({ index: this.#alias }, { ignore: [404], meta: true }),
    );
    return statusCode === 404 ? 0 : body.count;
  }

  pages(): AsyncIterable<readonly string[]> {
    return readDocuments(this.#connection, this.#alias);
  }

  /** Documents that have the version already would be left as they are. */
  forget(): Promise<void> {
    return this.wipe();
  }

  async wipe(): Promise<void> {
    const mine = ({ table }: IndexState) => table === null || table === this.#table;
    await this.#changeAliases((states) => states.filter(mine).flatMap((state) => this.#without(state)));
    if (!(await this.#states()).every(mine)) return;
    await this.#connection.call((client) =>
      client.indices.deleteIndexTemplate({ name: this.#alias }, { ignore: [404] }),
    );
    this.#index = undefined;
    this.#base = null;
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  #opened(): string {
    if (this.#index === undefined) throw new Error('The sink is used before open()');
    return this.#index;
  }

  /** The alias's own indices, whichever else bears the alias, and an index that has the alias's name. */
  async #states(): Promise<IndexState[]> {
    const found = await this.#connection.call((client) =>
      client.indices.get({ index: [this.#alias, `${this.#alias}-*`], ignore_unavailable: true }),
    );
    return Object.entries(found)
      .map(([name, { aliases, mappings }]) => ({
        name,
        own: isIndexOf(this.#alias, name),
        aliased: aliases?.[this.#alias] !== undefined,
        version: versionIn(mappings?._meta),
        table: textIn(mappings?._meta, 'table'),
        tableId: textIn(mappings?._meta, 'table_id'),
      }))
      .filter(({ name, own, aliased }) => own || aliased || name === this.#alias);
  }

  async #create(index: string, mapping: estypes.MappingTypeMapping): Promise<void> {
    await this.#connection.call((client) =>
      client.indices.putIndexTemplate(templateOf(this.#alias, mapping)),
    );
    try {
      await this.#connection.call((client) =>
        client.indices.create({ index, ...indexBody(mapping, this.#meta(null)) }),
      );
    } catch (error) {
      // A rival was quicker, perhaps.
      if (!hasCode(error, 'index:rejected')) throw error;
      if (!(await this.#connection.call((client) => client.indices.exists({ index })))) throw error;
    }
  }

  /** Versions of another table say nothing about this one's. */
  async #isOvertaken(newest: bigint): Promise<boolean> {
    const states = await this.#states();
    return states.some(
      ({ own, tableId, version }) => own && tableId === this.#tableId && version !== null && version > newest,
    );
  }

  /**
   * Looks for documents of versions between the base and the new one: another writer put them there and did
   * not finish, and the changes from the base to the new version need not cover them. When all documents were
   * sent, such a one is no longer in the table.
   */
  async #removeLeftovers(index: string, version: bigint): Promise<void> {
    for (;;) {
      const { hits } = await this.#connection.call((client) =>
        client.search<never>({
          index,
          size: 5_000,
          _source: false,
          version: true,
          sort: [{ _version: 'asc' }],
          ...(this.#base !== null && { search_after: [Number(this.#base)] }),
          allow_partial_search_results: false,
        }),
      );
      const leftovers = hits.hits.flatMap(({ _id, _version }) =>
        _id !== undefined && _version !== undefined && BigInt(_version) < version ? [_id] : [],
      );
      if (leftovers.length === 0) return;
      if (this.#base !== null) {
        await this.#record(index, null);
        throw new EventlakeError(
          'index:incomplete',
          `Index ${index} holds documents that an interrupted run put there after version ${this.#base} (one has the id ${leftovers[0]})`,
          { hint: 'Run this again: every document is then sent.' },
        );
      }
      const deletions = leftovers.map((id) => ({ id, document: null }));
      await this.#bulk.write(index, deletions, version);
      await this.#connection.call((client) => client.indices.refresh({ index }));
    }
  }

  /** Puts the alias on this index alone, and deletes the indices of other mappings, all in one step. */
  async #moveAlias(index: string): Promise<void> {
    await this.#changeAliases((states) => {
      const others = states.filter(({ name }) => name !== index);
      const state = states.find(({ name }) => name === index);
      if (state === undefined) {
        throw new EventlakeError('index:missing', `Index ${index} was deleted while it was written`, {
          hint: 'Run this again: every document is then sent.',
        });
      }
      const add = state.aliased ? [] : [{ add: { index, alias: this.#alias } }];
      return [...add, ...others.flatMap((other) => this.#without(other))];
    });
  }

  #without({ name, own, aliased }: IndexState): estypes.IndicesUpdateAliasesAction[] {
    if (own) return [{ remove_index: { index: name } }];
    return aliased ? [{ remove: { index: name, alias: this.#alias } }] : [];
  }

  async #changeAliases(
    actionsFor: (states: readonly IndexState[]) => estypes.IndicesUpdateAliasesAction[],
  ): Promise<void> {
    for (;;) {
      const actions = actionsFor(await this.#states());
      if (actions.length === 0) return;
      const { statusCode } = await this.#connection.call((client) =>
        client.indices.updateAliases({ actions }, { ignore: [404], meta: true }),
      );
      // 404: a rival has deleted one of these indices since they were listed
      if (statusCode !== 404) return;
    }
  }

  async #record(index: string, version: bigint | null): Promise<void> {
    await this.#connection.call((client) =>
      client.indices.putMapping({
        index,
        _meta: this.#meta(version),
      }),
    );
  }

  #meta(version: bigint | null): estypes.Metadata {
    return {
      table: this.#table,
      table_id: this.#tableId,
      profiles_version: version?.toString() ?? null,
    };
  }
}

function textIn(meta: estypes.Metadata | undefined, name: string): string | null {
  const text: unknown = meta?.[name];
  return typeof text === 'string' ? text : null;
}

function versionIn(meta: estypes.Metadata | undefined): bigint | null {
  const version = textIn(meta, 'profiles_version');
  return version !== null && /^\d+$/.test(version) ? BigInt(version) : null;
}
