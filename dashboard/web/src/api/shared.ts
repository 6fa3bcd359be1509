import { ask } from './ask.ts';

interface Question {
  readonly answer: Promise<unknown>;
  readonly stop: AbortController;
  /** How many wait for it. */
  waiting: number;
}

const underway = new Map<string, Question>();

/**
 * The JSON at `url`, asked for once for all who ask while it is on its way. Who calls `leave` no longer
 * waits; nobody waiting ends it.
 */
export function askShared<T>(url: string): { answer: Promise<T>; leave(): void } {
  const question = underway.get(url) ?? begin(url);
  question.waiting += 1;
  return {
    answer: question.answer as Promise<T>,
    leave() {
      question.waiting -= 1;
      if (question.waiting > 0) return;
      forget(url, question);
      question.stop.abort();
    },
  };
}

function begin(url: string): Question {
  const stop = new AbortController();
  const question: Question = {
    answer: ask(url, { signal: stop.signal }).finally(() => forget(url, question)),
    stop,
    waiting: 0,
  };
  underway.set(url, question);
  return question;
}

function forget(url: string, question: Question): void {
  if (underway.get(url) === question) underway.delete(url);
}
