import type { DatasetAnswer } from '../../../api.ts';

/**
 * The columns of a profile, what tells most first: the id, the segment, money, then the others in the order
 * of the table.
 */
export function columnsInOrder(dataset: DatasetAnswer, names: readonly string[]): string[] {
  const money = dataset.profileColumns.filter(({ type }) => type.startsWith('decimal'));
  const ahead = [dataset.key, dataset.overview?.segment, ...money.map(({ name }) => name)];
  return [...new Set([...ahead, ...names])].filter(
    (name) => name != null && names.includes(name),
  ) as string[];
}
