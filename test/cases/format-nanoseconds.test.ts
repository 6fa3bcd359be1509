import { expect, test } from '@jest/globals';
import { parseDataset } from '../../config/dataset/parse.ts';

const fileOf = (format: string) => `name: nano
key: id
time: ts
columns:
  - {name: ts, type: timestamp, required: true, format: "${format}"}
  - {name: id, type: int64, required: true}
`;

test('a format of nanoseconds is refused before anything is written', () => {
  expect(() => parseDataset(fileOf('%Y-%m-%d %H:%M:%S.%n'), 'nano.yml')).toThrow(
    expect.objectContaining({
      code: 'dataset:invalid',
      message: expect.stringContaining(
        'nano.yml:5: columns.0.format: must not have %n, as the lake keeps microseconds',
      ),
    }),
  );
});

test('a percent sign before an n is none', () => {
  expect(parseDataset(fileOf('%Y %%n'), 'nano.yml').columns[0]?.format).toBe('%Y %%n');
});
