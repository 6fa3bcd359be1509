/** `auto` follows the system. */
export type Theme = 'auto' | 'light' | 'dark';

const KEY = 'eventlake-theme';

/** What was chosen earlier in this browser. */
export function storedTheme(): Theme {
  const stored = attempt(() => localStorage.getItem(KEY));
  return stored === 'light' || stored === 'dark' ? stored : 'auto';
}

/** Shows the page in a theme, and remembers it. */
export function applyTheme(theme: Theme): void {
  if (theme === 'auto') {
    attempt(() => localStorage.removeItem(KEY));
    delete document.documentElement.dataset.theme;
  } else {
    attempt(() => localStorage.setItem(KEY, theme));
    document.documentElement.dataset.theme = theme;
  }
  dispatchEvent(new Event('themechange'));
}

/** A browser that forbids a page to keep anything throws; the theme is then not remembered. */
function attempt<T>(access: () => T): T | null {
  try {
    return access();
  } catch {
    return null;
  }
}
