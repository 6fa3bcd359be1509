/** The relation with one row, `last_event`, which models may read beside tables. */
export const DATASET_RELATION = 'dataset';
const COMMENTS_AND_TEXTS = /--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'/g;

/** Whether a query may read the relation: its name stands in it, but for comments and texts. */
export function names(query: string, relation: string): boolean {
  const name = relation.replace('.', '\\s*\\.\\s*');
  return new RegExp(`(?<![\\w.])${name}(?!\\w)`, 'i').test(query.replaceAll(COMMENTS_AND_TEXTS, ' '));
}

/** Whether a query may read `dataset`. */
export function readsDataset(query: string): boolean {
  return names(query, DATASET_RELATION);
}
