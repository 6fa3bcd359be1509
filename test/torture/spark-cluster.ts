import { setTimeout as sleep } from 'node:timers/promises';
import { stopServer } from '../servers/server.ts';
import { killSpark, remoteOf, startSpark } from '../servers/spark.ts';

/** A Spark cluster of the run's own. */
export interface SparkCluster {
  /** What SPARK_REMOTE says; it stays after a restart. */
  readonly remote: string;
  /** Ends the executor with SIGKILL, as soon as there is one; the worker starts another one. */
  killExecutor(): Promise<void>;
  /** Ends the Connect server with SIGKILL. */
  killConnect(): void;
  /** Starts the cluster again after its Connect server was killed, at the same address. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a cluster of one worker. */
export async function startSparkCluster(folder: string): Promise<SparkCluster> {
  let server = await startSpark(folder);
  const { port } = server;
  return {
    remote: remoteOf(server),
    async killExecutor() {
      while (killSpark(server, 'executors') === 0) await sleep(50);
    },
    killConnect() {
      if (killSpark(server, 'connect') !== 1) throw new Error('there is no Spark Connect server');
    },
    async restart() {
      await stopServer(server, 10);
      server = await startSpark(folder, { port });
    },
    stop: () => stopServer(server, 5),
  };
}
