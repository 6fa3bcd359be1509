/**
 * Kafka's record batch, format 2 (https://kafka.apache.org/documentation/#recordbatch): where each field of
 * its header lies. `RECORDS` is both where the records begin and how long the header is.
 */
export const BATCH = {
  BASE_OFFSET: 0,
  /** Counts the bytes after this field. */
  LENGTH: 8,
  LEADER_EPOCH: 12,
  FORMAT: 16,
  /** CRC-32C of all that follows it. */
  CHECKSUM: 17,
  ATTRIBUTES: 21,
  LAST_OFFSET_DELTA: 23,
  BASE_TIMESTAMP: 27,
  MAX_TIMESTAMP: 35,
  PRODUCER_ID: 43,
  PRODUCER_EPOCH: 51,
  BASE_SEQUENCE: 53,
  COUNT: 57,
  RECORDS: 61,
} as const;

/** Bits of the attributes. */
export const COMPRESSION = 0b111;
export const ZSTD = 4;
export const LOG_APPEND_TIME = 1 << 3;
export const TRANSACTIONAL = 1 << 4;
export const CONTROL = 1 << 5;
