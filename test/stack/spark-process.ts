// Runs one query on a Spark Connect server and prints its rows as JSON, or the code and message of its error.
import { openSpark } from '../../adapters/spark/session.ts';
import type { EventlakeError } from '../../core/errors.ts';

const [remote = '', sql = ''] = process.argv.slice(2);
try {
  const session = await openSpark(remote);
  console.log(JSON.stringify(await session.rows(sql)));
  await session.close();
} catch (error) {
  const { code, message } = error as EventlakeError;
  console.log(code, message);
}
