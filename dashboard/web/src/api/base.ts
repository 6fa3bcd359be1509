/**
 * Where the page and the API of the dataset that is shown begin: empty, or `/datasets/<name>`. Another
 * dataset is another document.
 */
export const BASE = /^\/datasets\/[^/]+/.exec(location.pathname)?.[0] ?? '';
