/** `1234567` → `1,234,567`; also decimals, from their text, so that no digit is lost. */
export function grouped(value: number | string): string {
  const [whole = '', fraction] = String(value).split('.');
  const text = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ',');
  return fraction === undefined ? text : `${text}.${fraction}`;
}

/** An amount with its currency, where the dataset names one: `1,234.50 USD`. */
export function money(amount: string, currency: string | null | undefined): string {
  return currency ? `${grouped(amount)} ${currency}` : grouped(amount);
}

/** `12.3 %` of a part in a whole; a dash where there is no whole. */
export function share(part: number, whole: number): string {
  return whole === 0 ? '–' : `${((100 * part) / whole).toFixed(1)} %`;
}

/** `103.4 MB`, decimal units. */
export function bytes(n: number): string {
  if (n < 1000) return `${n} B`;
  const unit = n < 1e6 ? 'kB' : n < 1e9 ? 'MB' : 'GB';
  return `${(n / (n < 1e6 ? 1e3 : n < 1e9 ? 1e6 : 1e9)).toFixed(1)} ${unit}`;
}

/** `2020-09-24T11:57:06Z` → `2020-09-24 11:57:06`; all times of the page are UTC. */
export function time(text: string | null): string {
  return text === null ? '–' : text.replace('T', ' ').replace(/(\.\d+)?Z$/, '');
}

/** `profiles` → `Profiles`. */
export function capitalized(word: string): string {
  return `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`;
}

/** `daily_counts` → `daily counts`. */
export function words(name: string): string {
  return name.replaceAll('_', ' ');
}
