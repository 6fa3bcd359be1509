import { readFileSync } from 'node:fs';
import { waitFor } from '../wait-for.ts';

/** What a job serves at its METRICS_PORT. */
export class Endpoint {
  readonly #origin: string;

  constructor(port: number) {
    this.#origin = `http://127.0.0.1:${port}`;
  }

  /** Status and text of an answer; status 0 when there is none. */
  async get(path: string): Promise<{ status: number; text: string }> {
    try {
      const answer = await fetch(this.#origin + path);
      return { status: answer.status, text: await answer.text() };
    } catch {
      return { status: 0, text: '' };
    }
  }

  /** The values of all series: `name{label="value",…}` without the label that all have. */
  async metrics(): Promise<Map<string, number>> {
    const { text } = await this.get('/metrics');
    return new Map(
      text
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('#'))
        .map((line) => {
          const space = line.lastIndexOf(' ');
          const series = line.slice(0, space).replace(/,?dataset="electronics"/, '');
          return [series.replace('{}', ''), Number(line.slice(space + 1))];
        }),
    );
  }

  /** Asks until the metrics are as wanted. */
  async until(wanted: (metrics: Map<string, number>) => boolean): Promise<Map<string, number>> {
    return waitFor(() => this.metrics(), wanted);
  }

  /** Asks until the answer has this status. */
  async untilStatus(path: string, status: number): Promise<string> {
    return (
      await waitFor(
        () => this.get(path),
        (answer) => answer.status === status,
      )
    ).text;
  }
}

/** The values of one metric by one of its labels. */
export function byLabel(
  metrics: ReadonlyMap<string, number>,
  name: string,
  label: string,
): Record<string, number> {
  const found = [...metrics].flatMap(([series, value]) => {
    const match = new RegExp(`^${name}\\{(?:.*,)?${label}="([^"]*)"`).exec(series);
    return match ? [[match[1], value]] : [];
  });
  return Object.fromEntries(found);
}

/**
 * The names of all metrics of eventlake that a text names in full, with what histograms add to them left out.
 */
export function metricNames(text: string): Set<string> {
  const names = text.match(/\beventlake_[a-z_]+[a-z]/g) ?? [];
  return new Set(names.map((name) => name.replace(/_(bucket|sum|count)$/, '')));
}

/** A file of the project. */
export function projectFile(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
}
