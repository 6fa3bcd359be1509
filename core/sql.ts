/** A value's text as SQL: quoted, quotes doubled. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/**
 * A condition, in columns `log_partition` and `log_offset`, that holds for those of these partitions' events
 * that a table does not have yet: it may be ahead of another one. Partitions are named by their ids.
 */
export function beyond(partitions: Iterable<string>, from: ReadonlyMap<string, bigint>): string {
  const cases = [...partitions].flatMap((partition) => {
    const known = from.get(partition);
    const [stream, number] = partition.split('/');
    return stream === 'events' && known !== undefined ? [`WHEN ${number} THEN ${known}`] : [];
  });
  return cases.length === 0 ? 'true' : `log_offset >= CASE log_partition ${cases.join(' ')} ELSE 0 END`;
}
