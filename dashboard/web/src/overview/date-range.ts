import { DAY, dayAt, isDay, midnight } from '../charts/day-ticks.ts';

export interface DayRange {
  readonly from: string;
  readonly to: string;
}

/**
 * As many days, directly before the chosen ones. An absent day is the data's first or last, and so is one
 * outside of them. Null where the data do not hold all of the days before.
 */
export function rangeBefore(
  chosen: { from: string | null; to: string | null },
  data: DayRange,
): DayRange | null {
  const from = midnight(chosen.from ?? data.from);
  const to = Math.min(midnight(chosen.to ?? data.to), midnight(data.to));
  const begin = from - (to - from + DAY);
  return to < from || begin < midnight(data.from) ? null : { from: dayAt(begin), to: dayAt(from - DAY) };
}

/**
 * Why these days cannot be looked at, to say beside their inputs; null when they can. An absent day is no
 * limit.
 */
export function rangeProblem(from: string | null, to: string | null): string | null {
  for (const [name, day] of [
    ['from', from],
    ['to', to],
  ]) {
    if (day != null && !isDay(day)) return `“${name}” must be a day such as 2020-09-24, and is “${day}”.`;
  }
  if (from !== null && to !== null && from > to)
    return `“from” is after “to”: there is no day from ${from} to ${to}.`;
  return null;
}
