/** Seconds of a day. */
export const DAY = 86_400;

/** `2020-09-24` of the midnight nearest to a time in seconds, UTC. */
export function dayAt(seconds: number): string {
  return new Date(Math.round(seconds / DAY) * DAY * 1000).toISOString().slice(0, 10);
}

/** Midnight of `2020-09-24` in seconds. */
export function midnight(day: string): number {
  return Date.parse(`${day}T00:00:00Z`) / 1000;
}

/** Days between two ticks; 7 and 14 keep the weekday. */
const DAY_STEPS = [1, 2, 3, 7, 14];
/** Months between two ticks. */
const MONTH_STEPS = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 6000];

/**
 * The days to label on an axis from `first` to `last`, both midnights in seconds, UTC: at most `most`,
 * ascending, all at midnight, evenly spaced by days or by months.
 */
export function dayTicks(first: number, last: number, most: number): number[] {
  const days = Math.round((last - first) / DAY);
  const step = DAY_STEPS.find((step) => Math.floor(days / step) + 1 <= most);
  if (step !== undefined)
    return Array.from({ length: Math.floor(days / step) + 1 }, (_, i) => first + i * step * DAY);
  const months = MONTH_STEPS.find((step) => Math.floor(days / 28 / step) + 1 <= most);
  const ticks = months === undefined ? [] : monthTicks(first, last, months);
  return ticks.length === 0 ? [first] : ticks;
}

/** The first days of every so many months, counted from January 2000. */
function monthTicks(first: number, last: number, months: number): number[] {
  const date = new Date(first * 1000);
  const month = (date.getUTCFullYear() - 2000) * 12 + date.getUTCMonth();
  const ticks: number[] = [];
  let at = Math.ceil(month / months) * months;
  for (let tick = monthStart(at); tick <= last; tick = monthStart(at)) {
    if (tick >= first) ticks.push(tick);
    at += months;
  }
  return ticks;
}

function monthStart(month: number): number {
  return Date.UTC(2000, month) / 1000;
}

/** Whether a text is a day of the calendar in ISO 8601, such as 2020-09-24. */
export function isDay(text: string): boolean {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}
