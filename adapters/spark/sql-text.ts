/** A value's text as SQL of Spark, in which backslashes escape. */
export function text(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

/** A condition that holds where all of `value` matches the pattern (Java's regular expressions). */
export function matches(value: string, pattern: string): string {
  return `${value} RLIKE ${text(`\\A(?:${pattern})\\z`)}`;
}
