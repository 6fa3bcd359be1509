import { type AnchorHTMLAttributes, type MouseEvent, useSyncExternalStore } from 'react';
import { BASE } from '../api/base.ts';

const MOVED = 'eventlake:moved';

/** Goes to an address of this page without loading it again. `replace` leaves no entry to come back to. */
export function navigate(to: string, { replace = false } = {}): void {
  history[replace ? 'replaceState' : 'pushState'](null, '', BASE + to);
  dispatchEvent(new Event(MOVED));
}

function subscribe(listener: () => void): () => void {
  addEventListener('popstate', listener);
  addEventListener(MOVED, listener);
  return () => {
    removeEventListener('popstate', listener);
    removeEventListener(MOVED, listener);
  };
}

function pathNow(): string {
  return location.pathname.slice(BASE.length) || '/';
}

/**
 * Where the page is: all that a view depends on is in its address, so that it can be shared and Back works.
 */
export function usePlace(): { path: string; query: URLSearchParams } {
  const path = useSyncExternalStore(subscribe, pathNow);
  const query = useSyncExternalStore(subscribe, () => location.search);
  return { path, query: new URLSearchParams(query) };
}

/** Changes parameters of the address; null removes one. */
export function setQuery(changes: Readonly<Record<string, string | null>>, options = {}): void {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  navigate(pathNow() + (text ? `?${text}` : ''), options);
}

/** How many rows the address leaves out before a page of a list begins. */
export function useOffset(name: string): number {
  return Math.max(0, Number.parseInt(usePlace().query.get(name) ?? '0', 10) || 0);
}

/** Turns to the page of a list that begins after so many rows. */
export function setOffset(name: string, offset: number): void {
  setQuery({ [name]: offset > 0 ? `${offset}` : null });
}

/** A link within the page. */
export function Link(props: AnchorHTMLAttributes<HTMLAnchorElement> & { href: string }) {
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    navigate(props.href);
  };
  return (
    <a {...props} href={BASE + props.href} onClick={follow}>
      {props.children}
    </a>
  );
}
