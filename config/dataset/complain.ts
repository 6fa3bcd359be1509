/** Notes what is wrong with the key at this path of a dataset file. */
export type Complain = (path: readonly (string | number)[], message: string) => void;
