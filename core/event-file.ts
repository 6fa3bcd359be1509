/** How far an exported file has come. */
export interface ExportPosition {
  /** The id of the log that was read. */
  readonly log: string;
  /** The next offset to read, by partition id; partitions of which nothing was read are absent. */
  readonly next: ReadonlyMap<string, bigint>;
  /** Events that were written, and records that were read and broke the contract, since the export began. */
  readonly rows: number;
  readonly rejected: number;
}

/**
 * A file outside the lake to which the log's good events are appended. It has one writer. What `append`
 * brings is there wholly, with its position, or is undone by the next `open`: after an error the caller opens
 * it again.
 */
export interface EventFile {
  /** For people: `csv .eventlake/data/readings.csv`. */
  readonly description: string;
  /**
   * Makes the file for the log with this id where it is missing, and answers how far it has come; in another
   * log, if it was filled from that. `csv:in_use` while somebody else has it open.
   */
  open(logId: string): Promise<ExportPosition>;
  /**
   * Appends a local file of rows without a header (null: none) together with the position that they lead to.
   * Resolves when both are durable. `csv:superseded` when somebody else has written since.
   */
  append(rows: string | null, position: ExportPosition): Promise<void>;
  /** Whether there is a file that was made here. */
  exists(): Promise<boolean>;
  /** Deletes the file and all that belongs to it. Repeating it is harmless. `csv:in_use` as for `open`. */
  wipe(): Promise<void>;
  close(): Promise<void>;
}
