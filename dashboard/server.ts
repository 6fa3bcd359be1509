import { maxHeaderSize } from 'node:http';
import swagger from '@fastify/swagger';
import fastify, { type FastifyInstance } from 'fastify';
import {
  jsonSchemaTransform,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod';
import type { DashboardContext } from './context.ts';
import { requireToken } from './login.ts';
import { answerBadPath, answerUnreadable } from './malformed.ts';
import { answerProblem } from './problems.ts';
import { auditRoute } from './routes/audit.ts';
import { datasetRoute } from './routes/dataset.ts';
import { datasetsRoute } from './routes/datasets.ts';
import { entitiesRoute } from './routes/entities.ts';
import { entityRoute } from './routes/entity.ts';
import { entityEventsRoute } from './routes/entity-events.ts';
import { entitySessionsRoute } from './routes/entity-sessions.ts';
import { entitySpendRoute } from './routes/entity-spend.ts';
import { healthRoute } from './routes/health.ts';
import { lakeRoute } from './routes/lake.ts';
import { lakeCommitsRoute } from './routes/lake-commits.ts';
import { lakeFilesRoute } from './routes/lake-files.ts';
import { liveRoute } from './routes/live.ts';
import { liveSeriesRoute } from './routes/live-series.ts';
import { metricsRoute } from './routes/metrics.ts';
import { openApiRoute } from './routes/openapi.ts';
import { otherDatasetsRoute } from './routes/other-datasets.ts';
import { overviewRoute } from './routes/overview.ts';
import { overviewDaysRoute } from './routes/overview-days.ts';
import { overviewSpendRoute } from './routes/overview-spend.ts';
import { overviewValuesRoutes } from './routes/overview-values.ts';
import { pageRoute } from './routes/page.ts';
import { pipelineRoute } from './routes/pipeline.ts';
import { pipelineStreamRoute } from './routes/pipeline-stream.ts';
import { rejectedRoute } from './routes/rejected.ts';
import { reportRoute } from './routes/report.ts';
import { reportCsvRoute } from './routes/report-csv.ts';
import { reportsRoute } from './routes/reports.ts';
import { sqlRoute } from './routes/sql.ts';
import { sqlCsvRoute } from './routes/sql-csv.ts';
import { secure } from './security.ts';

/** How the server is set up, besides what it shows. */
export interface ServerOptions {
  /** The host that it will listen on; its name is answered to. */
  readonly host: string;
  /** What visitors must bring; null: everybody is answered. */
  readonly token: string | null;
  /** How long a request may take to arrive, with its body. */
  readonly requestMs: number;
  /** The folder of the built page. */
  readonly page: string;
  /**
   * The server of another dataset, opened when it is first asked for; null where this one is all that is
   * shown.
   */
  readonly serverOf: ((name: string) => Promise<FastifyInstance>) | null;
  /** Told of faults of eventlake itself. */
  readonly report: (error: Error) => void;
}

/** Bytes of a request's body. */
const LARGEST_BODY = 256_000;
/** A connection on which so long nothing is sent either way is closed. An answer may take long to compute. */
const IDLE_MS = 600_000;
/** More than the event streams that are allowed, so that these cannot keep everybody else out. */
const CONNECTIONS = 500;

const ROUTES = [
  metricsRoute,
  healthRoute,
  openApiRoute,
  datasetsRoute,
  datasetRoute,
  overviewRoute,
  overviewDaysRoute,
  overviewSpendRoute,
  overviewValuesRoutes,
  entitiesRoute,
  entityRoute,
  entityEventsRoute,
  entitySessionsRoute,
  entitySpendRoute,
  pipelineRoute,
  pipelineStreamRoute,
  auditRoute,
  rejectedRoute,
  lakeRoute,
  lakeCommitsRoute,
  lakeFilesRoute,
  reportsRoute,
  reportRoute,
  reportCsvRoute,
  liveRoute,
  liveSeriesRoute,
  sqlRoute,
  sqlCsvRoute,
];

/**
 * The dashboard's server: the API, its description at /openapi.json, and the page. It does not listen yet.
 */
export async function dashboardServer(
  context: DashboardContext,
  options: ServerOptions,
): Promise<FastifyInstance> {
  const server = fastify({
    bodyLimit: LARGEST_BODY,
    forceCloseConnections: true,
    requestTimeout: options.requestMs,
    connectionTimeout: IDLE_MS,
    http: { headersTimeout: options.requestMs, connectionsCheckingInterval: options.requestMs / 10 },
    // How long a parameter may be, its schema says.
    routerOptions: { maxParamLength: maxHeaderSize },
    frameworkErrors: (error, request, reply) => answerBadPath(error, request, reply, options.report),
    clientErrorHandler: answerUnreadable,
  });
  server.server.maxConnections = CONNECTIONS;
  server.setValidatorCompiler(validatorCompiler);
  server.setSerializerCompiler(serializerCompiler);
  server.setErrorHandler((error, request, reply) =>
    answerProblem(error as Error, request, reply, options.report),
  );
  secure(server, options.host);
  if (options.token !== null) requireToken(server, options.token);
  await server.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'eventlake dashboard',
        version: '1',
        description:
          'Read only. 64-bit ids and decimals are strings, counts are numbers, times are ISO 8601 in UTC.',
      },
    },
    transform: jsonSchemaTransform,
  });
  const app = server.withTypeProvider<ZodTypeProvider>();
  for (const route of ROUTES) route(app, context);
  if (options.serverOf) await otherDatasetsRoute(app, options.serverOf);
  await pageRoute(app, options.page);
  return server;
}
