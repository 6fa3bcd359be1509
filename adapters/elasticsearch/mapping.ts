import { createHash } from 'node:crypto';
import type { estypes } from '@elastic/elasticsearch';
import type { SinkField } from '../../core/sink.ts';

/**
 * Nothing is searchable until the index is refreshed, which only `finish` does: people see one version at a
 * time. The translog stays on its default, on disk before an answer, so that what was acknowledged survives a
 * crash. Deletes are remembered for an hour (Elasticsearch's default is a minute), so that a slower rival's
 * older document stays out.
 */
const SETTINGS: estypes.IndicesIndexSettings = {
  number_of_shards: 1,
  number_of_replicas: 0,
  refresh_interval: '-1',
  gc_deletes: '1h',
};

/**
 * A term has at most 32,766 bytes. A longer text is kept in its document, but cannot be searched; without
 * this it would be refused.
 */
const SEARCHABLE_CHARACTERS = 8191;

/**
 * The mapping for these fields. Their order makes no difference; a document with any other field is refused.
 */
export function mappingOf(fields: readonly SinkField[]): estypes.MappingTypeMapping {
  const properties = fields
    .map((field): [string, estypes.MappingProperty] => [field.name, propertyOf(field)])
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return { dynamic: 'strict', properties: Object.fromEntries(properties) };
}

/** Keys and text are keywords, and money is a double: people look at it. */
function propertyOf({ type, key }: SinkField): estypes.MappingProperty {
  if (key || type === 'string' || type === 'json')
    return { type: 'keyword', ignore_above: SEARCHABLE_CHARACTERS };
  if (type === 'date' || type === 'timestamp') return { type: 'date', format: 'strict_date_optional_time' };
  if (type === 'long' || type === 'integer') return { type: 'long' };
  return { type: type === 'boolean' ? type : 'double' };
}

/** The index of this mapping for this table: the alias and the first 8 hex digits of a SHA-256 of both. */
export function indexName(
  alias: string,
  mapping: estypes.MappingTypeMapping,
  tableId: string | null,
): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([mapping, tableId]))
    .digest('hex');
  return `${alias}-${digest.slice(0, 8)}`;
}

/** Whether an index is one that {@link indexName} makes for this alias. */
export function isIndexOf(alias: string, index: string): boolean {
  return index.startsWith(`${alias}-`) && /^[0-9a-f]{8}$/.test(index.slice(alias.length + 1));
}

/** The index template of an alias. */
export function templateOf(
  alias: string,
  mapping: estypes.MappingTypeMapping,
): estypes.IndicesPutIndexTemplateRequest {
  return {
    name: alias,
    index_patterns: [`${alias}-*`],
    // Of two aliases where one begins with the other the longer wins; templates of equal priority may not
    // overlap.
    priority: 200 + alias.length,
    // A write that comes after the index was deleted must fail, not make an index.
    allow_auto_create: false,
    template: { settings: SETTINGS, mappings: mapping },
  };
}

/**
 * What an index of this mapping is created with: it must not depend on which template a rival has put there.
 */
export function indexBody(
  mapping: estypes.MappingTypeMapping,
  meta: estypes.Metadata,
): {
  settings: estypes.IndicesIndexSettings;
  mappings: estypes.MappingTypeMapping;
} {
  return { settings: SETTINGS, mappings: { ...mapping, _meta: meta } };
}
