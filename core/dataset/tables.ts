/** The tables of a dataset in the lake, besides its model's. */
export const EVENTS_TABLE = 'events';
export const REJECTED_TABLE = 'rejected';
