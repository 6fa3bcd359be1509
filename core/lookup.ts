/**
 * What is known of a value from data of the program's own, such as the country of an address. Equal values
 * get equal answers while `version` is the same; under another version all values are looked up again.
 */
export interface Lookup {
  /** Which data the answers come from. */
  readonly version: string;
  /** What is known, all of it text. */
  readonly columns: readonly string[];
  /** The texts, in the order of `columns`; null for what is not known. Never fails, for any text. */
  of(value: string): readonly (string | null)[];
}
