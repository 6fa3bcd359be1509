import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { BlockList, isIP } from 'node:net';
import { Reader } from 'mmdb-lib';
import { UsageError } from '../../core/errors.ts';
import type { Lookup } from '../../core/lookup.ts';

/**
 * Countries by the registries' data, of https://github.com/sapics/ip-location-db: CC0, with data of NRO under
 * CC BY 4.0.
 */
const COUNTRIES = '@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb';

/** A name in several languages, or in one. */
type Name = { readonly names?: { readonly en?: string } } | undefined;

/** What databases say of an address: in MaxMind's form, or in the flat one of ip-location-db. */
interface Entry {
  readonly country?: Name & { readonly iso_code?: string };
  readonly subdivisions?: readonly Name[];
  readonly city?: Name | string;
  readonly country_code?: string;
  readonly state1?: string;
}

/**
 * {@link Lookup} of IP addresses in a database file. Nothing is known of addresses that are not of the public
 * internet.
 */
export class LocationLookup implements Lookup {
  readonly version: string;
  readonly columns = ['country_code', 'country_name', 'region_name', 'city_name'];
  readonly #reader: Reader<never>;
  readonly #countryNames = new Intl.DisplayNames(['en'], { type: 'region', fallback: 'none' });

  private constructor(content: Buffer, reader: Reader<never>) {
    const { databaseType, buildEpoch } = reader.metadata;
    const digest = createHash('sha256').update(content).digest('hex').slice(0, 12);
    this.version = `${databaseType} of ${new Date(buildEpoch).toISOString()} (sha256 ${digest})`;
    this.#reader = reader;
  }

  /**
   * Opens a database; the one of countries that comes with eventlake when `file` is null.
   * @throws UsageError `settings:bad_geoip_database` when it cannot be read
   */
  static async open(file: string | null): Promise<LocationLookup> {
    const path = file ?? createRequire(import.meta.url).resolve(COUNTRIES);
    try {
      const content = await readFile(path);
      return new LocationLookup(content, new Reader<never>(content));
    } catch (cause) {
      throw new UsageError(
        'settings:bad_geoip_database',
        `GEOIP_DATABASE: ${path} cannot be read as an MMDB database: ${(cause as Error).message}`,
        { hint: 'Name a file in the MMDB format, or unset it to look up countries alone.', cause },
      );
    }
  }

  of(address: string): readonly (string | null)[] {
    const entry = isPublic(address) ? (this.#reader.get(address) as Entry | null) : null;
    if (!entry) return [null, null, null, null];
    const code = entry.country?.iso_code ?? entry.country_code ?? null;
    return [
      code,
      nameOf(entry.country) ?? this.#countryName(code),
      nameOf(entry.subdivisions?.[0]) ?? entry.state1 ?? null,
      typeof entry.city === 'string' ? entry.city : nameOf(entry.city),
    ];
  }

  #countryName(code: string | null): string | null {
    return code !== null && /^[A-Z]{2}$/.test(code) ? (this.#countryNames.of(code) ?? null) : null;
  }
}

function nameOf(name: Name): string | null {
  return name?.names?.en ?? null;
}

/** Networks of the special-purpose registries (RFC 6890): some databases name countries even for them. */
const SPECIAL = new BlockList();
for (const network of [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12'],
  ...['192.0.0.0/24', '192.0.2.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24'],
  ...['203.0.113.0/24', '224.0.0.0/3', '::/127', 'fc00::/7', 'fe80::/10', 'ff00::/8', '2001:db8::/32'],
]) {
  const [address = '', bits] = network.split('/');
  SPECIAL.addSubnet(address, Number(bits), isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

function isPublic(address: string): boolean {
  const version = isIP(address);
  return version !== 0 && !SPECIAL.check(address, version === 6 ? 'ipv6' : 'ipv4');
}
