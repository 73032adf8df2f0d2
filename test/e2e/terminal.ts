import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { BUNDLE, plainEnvironment } from './lapse-commands.ts';

/** A command at a terminal: what it shows, standard output and error together, and what is typed. */
export interface Terminal {
  /** Waits until it shows something, and rejects with all that it showed where it ends before. */
  until(shown: RegExp): Promise<void>;
  type(text: string): void;
  readonly ended: Promise<{ readonly exitCode: number; readonly shown: string }>;
}

export const CTRL_C = '\u0003';

interface TerminalOptions {
  readonly env: NodeJS.ProcessEnv;
  /** 80 unless given. */
  readonly columns?: number;
  /** What is standard input instead of the terminal. */
  readonly from?: string;
}

/** Runs `lapse …` at a terminal: util-linux's `script` makes one. */
export function atTerminal(
  { env, columns = 80, from }: TerminalOptions,
  ...args: readonly string[]
): Terminal {
  const words = [process.execPath, BUNDLE, ...args].map((word) => `'${word}'`).join(' ');
  const child = spawn(
    'script',
    [
      '-qec',
      `stty cols ${columns} rows 40; exec ${words}${from ? ` < '${from}'` : ''}`,
      '/dev/null',
    ],
    { env: { ...plainEnvironment(), SHELL: '/bin/sh', TERM: 'xterm', ...env }, stdio: 'pipe' },
  );
  let shown = '';
  let onShown = () => {};
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      shown += text.replaceAll('\r\n', '\n');
      onShown();
    });
  }
  const ended = once(child, 'close').then(([code]) => ({
    exitCode: typeof code === 'number' ? code : -1,
    shown,
  }));
  return {
    until: (wanted) =>
      new Promise((resolve, reject) => {
        onShown = () => wanted.test(shown) && resolve();
        onShown();
        ended.then(() => reject(new Error(`it ended and never showed ${wanted}:\n${shown}`)));
      }),
    type: (text) => void child.stdin.write(text),
    ended,
  };
}
