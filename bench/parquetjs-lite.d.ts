/** The part of parquetjs-lite that the benchmark uses; the package has no types of its own. */
declare module 'parquetjs-lite' {
  interface Field {
    type: string;
    optional: boolean;
    compression: string;
  }
  class ParquetSchema {
    constructor(fields: Record<string, Field>);
  }
  class ParquetWriter {
    static openFile(schema: ParquetSchema, path: string): Promise<ParquetWriter>;
    appendRow(row: Record<string, unknown>): Promise<void>;
    close(): Promise<void>;
  }
  const parquet: { ParquetSchema: typeof ParquetSchema; ParquetWriter: typeof ParquetWriter };
  export default parquet;
}
