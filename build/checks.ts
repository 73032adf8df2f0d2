import { checkFileSizes } from './file-sizes.ts';

/** What `--only` takes. */
export type CheckName =
  | 'format'
  | 'types'
  | 'imports'
  | 'unused'
  | 'sizes'
  | 'bundle'
  | 'unit'
  | 'engines'
  | 'integration';

/** One step of `npm test`. */
export interface Check {
  readonly name: CheckName;
  /** What it looks for, in the summary. */
  readonly what: string;
  /** A command line, or a function that answers what is wrong. */
  readonly run: readonly [string, ...string[]] | (() => { problems: string[]; warnings: string[] });
  /** It has vitest's JSON reporter write its counts to a file. */
  readonly counted?: boolean;
  /** It keeps all cores busy by itself. */
  readonly alone?: boolean;
}

/** All steps, in the order of the summary. */
export const CHECKS: readonly Check[] = [
  { name: 'types', what: 'TypeScript', run: ['tsc', '-p', '.'] },
  { name: 'format', what: 'format and lint', run: ['biome', 'check', '--error-on-warnings', '.'] },
  {
    name: 'imports',
    what: 'import rules',
    run: ['depcruise', '--config', '.dependency-cruiser.cjs', 'src'],
  },
  { name: 'unused', what: 'unused code', run: ['knip'] },
  { name: 'sizes', what: 'file sizes', run: checkFileSizes },
  { name: 'bundle', what: 'bundle', run: ['node', 'build/bundle.ts'] },
  {
    name: 'unit',
    what: 'unit tests',
    run: ['vitest', 'run', '--config', 'vitest.config.ts'],
    counted: true,
    alone: true,
  },
  {
    name: 'engines',
    what: 'domain on Node 20 and in Chromium',
    run: ['vitest', 'run', '--config', 'vitest.engines.config.ts'],
    counted: true,
    alone: true,
  },
  {
    name: 'integration',
    what: 'integration and end-to-end tests',
    run: ['vitest', 'run', '--config', 'vitest.int.config.ts'],
    counted: true,
    alone: true,
  },
];
