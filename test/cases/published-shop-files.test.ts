import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Home } from '../cli/fixtures.ts';

let home: Home;
beforeAll(async () => {
  home = await Home.create();
});
afterAll(() => rm(home.folder, { recursive: true }));

async function events(name: string, columns: string, csv: string): Promise<unknown> {
  const environment = { EVENTLAKE_DATASETS: join(home.folder, 'config') };
  await mkdir(join(home.folder, 'config', name), { recursive: true });
  await home.put(`config/${name}/dataset.yml`, `name: ${name}\nkey: k\ntime: ts\ncolumns:\n${columns}`);
  await home.put(`${name}.csv`, csv);
  const { code, stdout } = await home.run(['run', name, '--file', `${name}.csv`, '--json'], environment);
  expect(code).toBe(0);
  const { audit } = JSON.parse(stdout);
  expect(audit.balanced).toBe(true);
  return audit.lake;
}

const INVOICES = `InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
900001,S1,LAMP,6,12/1/2010 8:26,2.55,17850.0,Somewhere
900002,S1,LAMP,6,12/1/2010 8:26,2.55,17850.5,Somewhere
`;
const invoices = (option: string) => `
  - {name: k, from: CustomerID, type: int64${option}}
  - {name: ts, from: InvoiceDate, type: timestamp, required: true, format: "%-m/%-d/%Y %-H:%M"}
  - {name: price, from: UnitPrice, type: "decimal(12,2)"}
`;

test('whole numbers with zero decimals are taken by an option', async () => {
  expect(await events('taken', invoices(', zeroDecimals: true'), INVOICES)).toMatchObject({
    events: 1,
    rejected: { 'k:not_an_integer': 1 },
  });
});

test('whole numbers with zero decimals are rejected without the option', async () => {
  expect(await events('refused', invoices(''), INVOICES)).toMatchObject({
    events: 0,
    rejected: { 'k:not_an_integer': 2 },
  });
});

test('headers with spaces and times in milliseconds', async () => {
  const columns = `
  - {name: k, from: Customer ID, type: int64, zeroDecimals: true}
  - {name: ts, from: InvoiceDate, type: timestamp, required: true}
`;
  expect(
    await events('spaces', columns, 'Invoice,InvoiceDate,Customer ID\n1,2009-12-01 07:45:00,13085.0\n'),
  ).toMatchObject({ events: 1, rejected: {} });
  const visits = `
  - {name: k, from: visitorid, type: int64}
  - {name: ts, from: timestamp, type: timestamp, required: true, format: epoch_ms}
`;
  expect(
    await events(
      'visits',
      visits,
      'timestamp,visitorid,event,itemid,transactionid\n1433221332117,257,view,355,\n',
    ),
  ).toMatchObject({ events: 1, rejected: {} });
});
