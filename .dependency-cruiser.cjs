/** The import rules of the architecture (docs/ARCHITECTURE.md), type imports included. */
const test = '\\.(test|fixture)\\.ts$';
const inFolder = (...names) => names.map((name) => `^src/${name}/`);

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'domain-is-pure',
      comment: 'domain imports only domain, zod and @noble/hashes: it runs everywhere',
      severity: 'error',
      from: { path: '^src/domain/', pathNot: test },
      to: { pathNot: ['^src/domain/', '^node_modules/(zod|@noble/hashes)/'] },
    },
    {
      name: 'platform-knows-no-rules',
      comment: 'platform imports only domain/errors and domain/ids',
      severity: 'error',
      from: { path: '^src/platform/', pathNot: test },
      to: { path: '^src/', pathNot: ['^src/platform/', '^src/domain/(errors|ids)\\.ts$'] },
    },
    {
      name: 'journal-is-below-features',
      severity: 'error',
      from: { path: '^src/journal/', pathNot: test },
      to: { path: '^src/', pathNot: inFolder('journal', 'domain', 'platform') },
    },
    {
      name: 'connectors-implement-ports',
      severity: 'error',
      from: { path: '^src/connectors/', pathNot: test },
      to: { path: '^src/', pathNot: inFolder('connectors', 'domain', 'platform') },
    },
    {
      name: 'connectors-see-no-database',
      severity: 'error',
      from: { path: '^src/connectors/' },
      to: { path: '^src/platform/db/' },
    },
    {
      name: 'features-are-apart',
      comment:
        'what one feature needs of another is passed by main/compose.ts as a narrow function',
      severity: 'error',
      from: { path: '^src/features/([^/]+)/', pathNot: test },
      to: { path: '^src/(features|connectors|main)/', pathNot: '^src/features/$1/' },
    },
    {
      name: 'nobody-imports-main',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/main/', test] },
      to: { path: '^src/main/' },
    },
    {
      name: 'packages-and-web-are-clients',
      severity: 'error',
      from: { path: '^(packages|web)/', pathNot: test },
      to: { path: '^src/', pathNot: '^src/domain/' },
    },
    {
      name: 'no-tests-in-the-product',
      severity: 'error',
      from: { path: '^src/', pathNot: test },
      to: { path: [test, '^(test|bench)/'] },
    },
    {
      name: 'no-undeclared-packages',
      severity: 'error',
      from: { path: '^(src|packages|bench|build)/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'unknown'] },
    },
    {
      name: 'no-development-packages-in-the-product',
      severity: 'error',
      from: { path: '^src/', pathNot: test },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'no-shapeless-names',
      comment: 'a name says what is inside',
      severity: 'error',
      from: {},
      to: {
        path: '^(src|packages|web)/.*(^|/)(utils?|helpers?|common|lib|misc|index)(/|\\.ts$)',
        pathNot: '^packages/[^/]+/src/index\\.ts$',
      },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
