import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';

/** The checkout. */
export const ROOT = dirname(dirname(import.meta.dirname));
/** The bundle that people run. */
export const BUNDLE = join(ROOT, 'dist', 'lapse.js');

/** What a command line left behind. */
export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `lapse …` as somebody, against one server. */
export type RunLapse = (...args: string[]) => Promise<CommandResult>;

/** A command line whose environment is this alone, so that nothing of the developer's own leaks in. */
export function lapseFor(env: NodeJS.ProcessEnv): RunLapse {
  return (...args) =>
    new Promise((resolve) => {
      const options = { env: { ...plainEnvironment(), ...env }, maxBuffer: 64 * 1024 ** 2 };
      execFile(process.execPath, [BUNDLE, ...args], options, (error, stdout, stderr) => {
        const exitCode = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        resolve({ exitCode, stdout, stderr });
      });
    });
}

/** The environment without anything that Lapse reads, and without colours. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(LAPSE_|DATABASE_|FORCE_COLOR|VISUAL|EDITOR|COLUMNS)/.test(name),
  );
  return { ...Object.fromEntries(kept), NO_COLOR: '1' };
}
