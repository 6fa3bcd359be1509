import { type Plan, referenceRows } from './plan.ts';
import { Prices } from './prices.ts';
import { permutation, type Random } from './random.ts';
import type { Shape } from './shape.ts';

/** All products, each with one category, brand and price forever; product 0 is the most popular. */
export interface Catalogue {
  /** Each product's part of a line, `product,category,code,brand,price,`, one after another. */
  readonly bytes: Uint8Array;
  /** Where product i's part begins in `bytes`; one more entry marks the end. */
  readonly starts: Uint32Array;
}

const CONSONANTS = 'bcdfghjklmnprstvwxzy';
const VOWELS = 'aeiou';
const ENDINGS = ['', 'n', 'tek', 'line', 'max', 'ona', 'sonic', 'tronic'];

/** A pronounceable name without meaning; distinct for every index below 10,000. */
function brandName(index: number): string {
  const syllable = (i: number) => `${CONSONANTS[Math.floor(i / 5)]}${VOWELS[i % 5]}`;
  const mixed = (index * 7919 + 4217) % 10_000;
  return syllable(Math.floor(mixed / 100)) + syllable(mixed % 100) + ENDINGS[mixed % ENDINGS.length];
}

/** Cents as text: 3190 is `31.90`. */
function priceText(cents: number): string {
  return `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`;
}

/**
 * Says yes for `share` of a falling series of weights: carries the error along, so that a few heavy ones
 * cannot spoil the share.
 */
function evenly(share: number, random: Random): (weight: number) => boolean {
  let owed = 0;
  return (weight) => {
    owed += weight * share;
    if (!random.chance(Math.min(1, Math.max(0, owed / weight)))) return false;
    owed -= weight;
    return true;
  };
}

/** Hands out 0 to `count` - 1 once each, then the low ones oftener than the high. */
function dealer(count: number, random: Random): () => number {
  let dealt = 0;
  return () => (dealt < count ? dealt++ : random.skewedBelow(count));
}

/**
 * Makes the products: the first are the most popular, as {@link Random.skewedBelow} draws them; the order of
 * ids says nothing.
 */
export function makeCatalogue(shape: Shape, plan: Plan, random: Random): Catalogue {
  const { products } = plan;
  const coded = plan.categories - plan.categoriesWithoutCode;
  const categoryIds = Array.from({ length: plan.categories }, (_, i) =>
    String(
      BigInt(shape.categories.firstId) +
        BigInt(i) * BigInt(shape.categories.idStep) +
        BigInt(random.below(shape.categories.idStep)),
    ),
  );
  const categoryOrder = permutation(plan.categories, random);
  const codeOf = dealer(plan.codes, random);
  const codes = Array.from({ length: coded }, () => shape.categories.codes[codeOf()] ?? '');
  const prices = new Prices(plan.prices, shape.prices.quantiles);
  const idOrder = permutation(products, random);
  const priceOrder = permutation(products, random);

  const withoutCode = evenly(shape.categories.rowsWithoutCode / referenceRows(shape), random);
  const withoutBrand = evenly(shape.brands.rowsWithoutBrand / referenceRows(shape), random);
  const nextCoded = dealer(coded, random);
  const nextUncoded = dealer(plan.categoriesWithoutCode, random);
  const nextBrand = dealer(plan.brands, random);
  const everyProduct = 1 / (plan.events[0] ?? 1);
  const popular = 1 - products * everyProduct;

  const parts: Buffer[] = [];
  const starts = new Uint32Array(products + 1);
  for (let i = 0; i < products; i++) {
    const weight = everyProduct + popular * (Math.sqrt((i + 1) / products) - Math.sqrt(i / products));
    const bare = withoutCode(weight) && plan.categoriesWithoutCode > 0;
    const category = bare ? coded + nextUncoded() : nextCoded();
    const code = bare ? '' : (codes[category] ?? '');
    const brand = withoutBrand(weight) ? '' : brandName(nextBrand());
    const place = priceOrder[i] as number;
    const price = prices.list[place] ?? prices.draw(random);
    const id =
      BigInt(shape.products.firstId) +
      BigInt(idOrder[i] as number) * BigInt(shape.products.idStep) +
      BigInt(random.below(shape.products.idStep));
    const part = Buffer.from(
      `${id},${categoryIds[categoryOrder[category] as number]},${code},${brand},${priceText(price)},`,
      'latin1',
    );
    parts.push(part);
    starts[i + 1] = (starts[i] as number) + part.length;
  }
  return { bytes: Buffer.concat(parts), starts };
}
