import { DAY, dayAt, midnight } from '../charts/day-ticks.ts';

export interface DayRange {
  readonly from: string;
  readonly to: string;
}

/**
 * As many days, directly before the chosen ones. An absent day is the data's first or last, and so is one outside of them. Null where the
 * data do not hold all of the days before.
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

/** Why these days cannot be looked at, to say beside their inputs; null when they can. An absent day is no limit. */
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

/** Whether a text is a day of the calendar in ISO 8601, such as 2020-09-24. */
export function isDay(text: string): boolean {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}
