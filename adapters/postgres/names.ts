/** A name as an SQL identifier. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Names as SQL identifiers, parted by commas; each after `of`, which is a relation's name and a dot. */
export function list(names: readonly string[], of = ''): string {
  return names.map((name) => `${of}${quoted(name)}`).join(', ');
}
