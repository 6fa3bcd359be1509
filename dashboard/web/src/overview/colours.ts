/** Places in the palette for the steps of a funnel, and for types that are not among them. */
const STEPS = [0, 1, 3];
const OTHER = 2;

/**
 * The colour of a type of events, the same in every chart; without a funnel, that of its place among the
 * types.
 */
export function colourOf(type: string, funnel: readonly string[], place: number): number {
  if (funnel.length === 0) return place % 4;
  const step = funnel.indexOf(type);
  return step < 0 ? OTHER : (STEPS[step % STEPS.length] ?? OTHER);
}
