const folders = {
  core: [],
  config: ['core'],
  lake: ['core'],
  adapters: ['core', 'lake'],
  generator: ['core'],
  ingestion: ['core'],
  processing: ['core', 'lake'],
  inspection: ['core', 'lake', 'ingestion', 'processing'],
  dashboard: ['core', 'lake', 'ingestion', 'processing', 'inspection', 'monitoring'],
  monitoring: ['core', 'lake', 'ingestion', 'processing', 'inspection'],
};
/** Packages that only adapters may know. */
const clients =
  '^node_modules/(kafkajs|@platformatic|@aws-sdk|@elastic|@duckdb|@grpc|apache-arrow|bowser|mmdb-lib|parquetjs-lite)';

/** Dependencies point one way; the only folder that knows them all is cli/. */
export default {
  forbidden: [
    ...Object.entries(folders).map(([folder, allowed]) => ({
      name: `${folder}-imports`,
      comment: `${folder}/ may import ${[...allowed, 'itself'].join(', ')} of this project`,
      severity: 'error',
      from: { path: `^${folder}/` },
      to: {
        path: '^(core|config|lake|adapters|generator|ingestion|processing|inspection|dashboard|monitoring|cli)/',
        pathNot: `^(${[folder, ...allowed].join('|')})/`,
      },
    })),
    {
      name: 'clients-only-in-adapters',
      severity: 'error',
      from: {
        path: '^(core|config|lake|generator|ingestion|processing|inspection|dashboard|monitoring|cli)/',
      },
      to: { path: clients },
    },
    {
      name: 'lake-and-core-import-no-package',
      severity: 'error',
      from: { path: '^(core|lake)/', pathNot: '^core/dataset/' },
      to: { path: '^node_modules/' },
    },
    {
      name: 'form-of-datasets-imports-zod-alone',
      severity: 'error',
      from: { path: '^core/dataset/' },
      to: { path: '^node_modules/', pathNot: '^node_modules/zod/' },
    },
    {
      name: 'no-circles',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    { name: 'not-to-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
