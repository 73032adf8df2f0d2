import type { Logger } from 'pino';
import { errorColours as colours } from './colours.ts';
import { safeLine } from './output.ts';

const WARNING = 40;
const ERROR = 50;

/**
 * The server's log on standard error: one JSON object a line for programs; for a person at a
 * terminal only what is wrong, in words.
 */
export async function serverLog(level: string): Promise<Logger> {
  const [{ createLogger }, { pino }] = await Promise.all([
    import('../../../platform/log/logger.ts'),
    import('pino'),
  ]);
  const { stderr } = process;
  if (!stderr.isTTY) {
    // In blocks, at the latest after a second: a system call for each line would slow requests.
    const blocks = { fd: 2, minLength: 4_096, periodicFlush: 1_000, sync: false };
    return createLogger(level, pino.destination(blocks));
  }
  return createLogger(level === 'debug' ? level : 'warn', {
    write: (line: string) => stderr.write(`${readable(line)}\n`),
  });
}

/** A line of the log as a person reads it; one that is not understood stays as it is. */
function readable(line: string): string {
  let entry: {
    level: number;
    time: string;
    msg?: string;
    err?: { message?: string; stack?: string };
  };
  try {
    entry = JSON.parse(line);
  } catch {
    return safeLine(line);
  }
  const { level, time, msg, err, ...rest } = entry;
  const word =
    level >= ERROR ? colours.red('error') : level >= WARNING ? colours.yellow('warning') : 'info';
  const details = Object.entries(rest)
    .filter(([name]) => name !== 'pid' && name !== 'hostname')
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const text = [msg, err?.message, ...details].filter(Boolean).join('  ');
  return `${colours.dim(time.slice(11, 19))} ${word} ${safeLine(text)}`;
}
