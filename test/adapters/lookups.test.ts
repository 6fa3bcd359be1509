import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { UserAgentLookup } from '../../adapters/bowser/user-agent.ts';
import { LocationLookup } from '../../adapters/mmdb/location.ts';
import { lookupSuite } from '../conformance/lookup.ts';
import { mmdbOf } from './mmdb-file.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lookups-'));
});
afterAll(() => rm(folder, { recursive: true }));

lookupSuite('user agents', async () => new UserAgentLookup(), [
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 13_4_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.1 Mobile/15E148 Safari/604.1',
    ['Safari', 'iOS'],
  ],
  [
    'Mozilla/5.0 (iPad; CPU OS 12_4_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/12.1.2 Mobile/15E148 Safari/604.1',
    ['Safari', 'iOS'],
  ],
  [
    'Mozilla/5.0 (Linux; Android 10; SM-G973F) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/81.0.4044.117 Mobile Safari/537.36',
    ['Chrome', 'Android'],
  ],
  [
    'Mozilla/5.0 (Linux; Android 9; SAMSUNG SM-A505FN) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/11.1 Chrome/75.0.3770.143 Mobile Safari/537.36',
    ['Samsung Internet for Android', 'Android'],
  ],
  [
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/81.0.4044.122 Safari/537.36',
    ['Chrome', 'Linux'],
  ],
  [
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_4) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.1 Safari/605.1.15',
    ['Safari', 'macOS'],
  ],
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/81.0.4044.129 Safari/537.36 Edg/81.0.416.68',
    ['Microsoft Edge', 'Windows'],
  ],
  ['Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)', ['Googlebot', null]],
  ['Mozilla/5.0 (compatible; AhrefsBot/6.1; +http://ahrefs.com/robot/)', ['AhrefsBot', null]],
  ['Pinterestbot/1.0', ['Pinterestbot', null]],
  ['curl/7.68.0', ['curl', null]],
  ['Mozilla/5.0', [null, null]],
  ['', [null, null]],
]);

/** Addresses that the registries gave to one country long ago; the first and last are of public resolvers. */
const NOTHING = [null, null, null, null];
lookupSuite('the countries that come with eventlake', () => LocationLookup.open(null), [
  ['8.8.8.8', ['US', 'United States', null, null]],
  ['81.2.69.142', ['GB', 'United Kingdom', null, null]],
  ['2001:4860:4860::8888', ['US', 'United States', null, null]],
  ...[
    ...['10.1.2.3', '127.0.0.1', '172.31.255.255', '192.168.1.1', '169.254.1.1', '100.64.0.1', '0.0.0.0'],
    ...['192.0.2.1', '198.51.100.1', '203.0.113.1', '198.18.0.1', '224.0.0.1', '255.255.255.255'],
    ...['::1', 'fe80::1', 'fc00::1', '2001:db8::1', '::ffff:10.1.2.3'],
    ...['', '999.1.2.3', '8.8.8', '8.8.8.8.', ' 8.8.8.8', '8.8.8.8/8', 'localhost'],
  ].map((address) => [address, NOTHING] as const),
]);

lookupSuite('a database of cities', async () => {
  const file = join(folder, 'cities.mmdb');
  const city = {
    country: { iso_code: 'DE', names: { en: 'Germany', de: 'Deutschland' } },
    subdivisions: [{ iso_code: 'BY', names: { en: 'Bavaria' } }],
    city: { names: { en: 'Munich' } },
  };
  await writeFile(file, mmdbOf({ '8.0.0.0/8': city, '9.0.0.0/8': { country: { iso_code: 'FR' } } }));
  return LocationLookup.open(file);
}, [
  ['8.8.8.8', ['DE', 'Germany', 'Bavaria', 'Munich']],
  ['9.8.7.6', ['FR', 'France', null, null]],
  ['11.8.8.8', NOTHING],
]);

test.each(['no.mmdb', 'text.mmdb'])('a database that cannot be read is told: %s', async (name) => {
  await writeFile(join(folder, 'text.mmdb'), 'no database');
  await expect(LocationLookup.open(join(folder, name))).rejects.toMatchObject({
    code: 'settings:bad_geoip_database',
    message: expect.stringContaining(name),
  });
});
