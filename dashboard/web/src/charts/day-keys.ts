const WEEK = 7;

/** The place among days, the last at `last`, that a key leads to from `at`; null when it is no such key. */
export function placeAfter(key: string, at: number, last: number): number | null {
  const steps: Record<string, number> = {
    ArrowLeft: at - 1,
    ArrowDown: at - 1,
    ArrowRight: at + 1,
    ArrowUp: at + 1,
    PageDown: at - WEEK,
    PageUp: at + WEEK,
    Home: 0,
    End: last,
  };
  const place = steps[key];
  return place === undefined ? null : Math.min(last, Math.max(0, place));
}
