import type { Scenario } from '../fault.ts';

/** Faults that have a course of their own. */
export const SCENARIOS: readonly Scenario[] = [];
