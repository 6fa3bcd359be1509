/** Below this, each dataset that is served has the addresses that the first one has at `/`. */
export const DATASETS_PATH = '/datasets/';

/** The page's views by their names, and where they are. */
export const VIEWS = {
  overview: '/',
  reports: '/reports',
  entities: '/entities',
  pipeline: '/pipeline',
  lake: '/lake',
  live: '/live',
} as const;

/** The path of an address, without the dataset that it begins with. */
export function pathOf(url: string): string {
  const [path = ''] = url.split('?', 1);
  return path.replace(/^\/datasets\/[^/]+(?=\/|$)/, '') || '/';
}

/** Whether a program asks, which wants JSON also where something is wrong. */
export function isOfApi(url: string): boolean {
  const path = pathOf(url);
  return path.startsWith('/api/') || path === '/openapi.json';
}

/** Whether the page has a view at the path. */
export function isView(path: string): boolean {
  return Object.values<string>(VIEWS).includes(path) || /^\/entities\/[^/]+$/.test(path);
}
