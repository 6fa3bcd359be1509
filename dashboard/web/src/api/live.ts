import { useSyncExternalStore } from 'react';
import type { PipelineAnswer, Problem } from '../../../api.ts';
import { problemOf } from './ask.ts';
import { BASE } from './base.ts';
import { askShared } from './shared.ts';

/** What the server tells by itself. */
export interface Live {
  readonly isConnected: boolean;
  /** How often the connection was made again after it was lost. */
  readonly reconnections: number;
  /** The newest state of the pipeline. */
  readonly pipeline: PipelineAnswer | null;
  /** Why the pipeline cannot be read now. */
  readonly problem: Problem['error'] | null;
  /**
   * Why the server cannot be followed: it does not answer, or asks for its token. Null while nothing is known
   * to be wrong.
   */
  readonly lost: Problem['error'] | null;
  /** Changes when the overview's numbers have changed. */
  readonly overview: string;
}

const RETRY_MS = 3000;
let live: Live = {
  isConnected: false,
  reconnections: 0,
  pipeline: null,
  problem: null,
  lost: null,
  overview: '',
};
const listeners = new Set<() => void>();

/** A part of what the server has told, always the newest. */
export function useLive<T>(part: (live: Live) => T): T {
  return useSyncExternalStore(subscribe, () => part(live));
}

/** The tables of the lake with their versions: changes with each commit. */
export function useTableVersions(): string {
  return useLive(({ pipeline }) =>
    [...(pipeline?.status.tables ?? []), ...(pipeline?.models ?? [])]
      .map(({ table, version }) => `${table} ${version}`)
      .join(),
  );
}

/** The tables of the lake: changes when one is written for the first time. */
export function useTableNames(): string {
  return useLive(({ pipeline }) => (pipeline?.status.tables ?? []).map(({ table }) => table).join());
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function tell(news: Partial<Live>): void {
  live = { ...live, ...news };
  for (const listener of listeners) listener();
}

/**
 * Says why the server cannot be reached, unless it is connected. What has asked says so before it shows its
 * own problem, so that the page never has one note for each question.
 */
export function tellLost(problem: Problem['error']): void {
  if (!live.isConnected) tell({ lost: problem });
}

/**
 * Keeps one connection for the whole page, and makes it again when it breaks. While the page is hidden there
 * is none: a browser allows few connections to one server, and all of its tabs share them. The result ends
 * it.
 */
export function connect(): () => void {
  let source: EventSource | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let wasLost = false;
  const lose = () => {
    wasLost = true;
    tell({ isConnected: false });
  };
  const close = () => {
    clearTimeout(timer);
    source?.close();
  };
  const open = () => {
    close();
    const opened = new EventSource(`${BASE}/api/pipeline/stream`);
    source = opened;
    on(opened, 'open', () => {
      const reconnections = live.reconnections + (wasLost ? 1 : 0);
      tell({ isConnected: true, problem: null, lost: null, reconnections });
      wasLost = false;
    });
    on(opened, 'pipeline', (data) => tell({ pipeline: JSON.parse(data), problem: null }));
    on(opened, 'problem', (data) => tell({ problem: JSON.parse(data).error }));
    on(opened, 'overview', (data) => tell({ overview: data }));
    on(opened, 'error', () => {
      lose();
      // The browser does not say why; the answer to the same question does.
      askShared<PipelineAnswer>('/api/pipeline').answer.then(
        (pipeline) => tell({ pipeline, lost: null }),
        (error: unknown) => tellLost(problemOf(error)),
      );
      // It tries again by itself, unless the answer was no stream.
      if (opened.readyState === EventSource.CLOSED) timer = setTimeout(open, RETRY_MS);
    });
  };
  const look = () => {
    if (document.hidden) {
      close();
      lose();
    } else open();
  };
  document.addEventListener('visibilitychange', look);
  if (!document.hidden) open();
  return () => {
    document.removeEventListener('visibilitychange', look);
    close();
  };
}

function on(source: EventSource, name: string, told: (data: string) => void): void {
  source.addEventListener(name, (event) => told(event instanceof MessageEvent ? event.data : ''));
}
