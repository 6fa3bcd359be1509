import { expect, test } from '@jest/globals';
import { parseRemote } from '../../../adapters/spark/remote.ts';
import { UsageError } from '../../../core/errors.ts';

test.each([
  ['sc://spark', 'spark:15002', undefined, false],
  ['sc://spark/', 'spark:15002', undefined, false],
  ['sc://spark.example.org:443/;use_ssl=true', 'spark.example.org:443', undefined, true],
  ['sc://10.0.0.7:15002/;token=a%3Bb;use_ssl=false', '10.0.0.7:15002', 'a;b', false],
  ['sc://[::1]:15002/;use_ssl=true;token=x=y;', '[::1]:15002', 'x=y', true],
])('%s is read as the clients of Spark read it', (text, address, token, isEncrypted) => {
  expect(parseRemote(text)).toEqual({ address, token, isEncrypted });
});

test.each([
  'spark:15002',
  'http://spark:15002/;token=s3cret',
  'sc://',
  'sc://:15002',
  'sc://spark:0',
  'sc://spark:65536/;token=s3cret',
  'sc://spark:15002;token=s3cret',
  'sc://spark:15002/;token',
  'sc://spark:15002/;use_ssl=yes;token=s3cret',
  'sc://spark:15002/;user_id=me;token=s3cret',
  'sc://spark:15002/;token=s3cret%',
  'sc://s3cret@spark:15002/',
])('%s is rejected by a message that shows no token', (text) => {
  const reject = () => parseRemote(text);
  expect(reject).toThrow(UsageError);
  expect(reject).toThrow(/^SPARK_REMOTE (is|has|may)/);
  expect(reject).not.toThrow(/s3cret/);
});
