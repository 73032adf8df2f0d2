import { CommandFailure, EXIT } from './command-failure.ts';

interface KnownError extends Error {
  readonly code?: string;
  readonly port?: number;
}

/** Errors whose message is written for the person at the terminal: what is wrong, and what to do. */
const CONFIGURATION = new Set([
  'ConfigurationError',
  'PrivatePostgresError',
  'DataDirectoryInUseError',
]);

/** The host, the port, the network: nothing was decided. */
const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  // PostgreSQL: wrong password, no such database, starting up, too many connections.
  '28P01',
  '28000',
  '3D000',
  '57P03',
  '53300',
]);

/** Why the server did not start, for the person who started it; anything unforeseen as it is. */
export function startFailure(error: unknown, env: NodeJS.ProcessEnv): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message, code, port } = innermostKnown(error);
  if (CONFIGURATION.has(name)) return new CommandFailure(message, { exitCode: EXIT.usage });
  if (code === 'EADDRINUSE' || code === 'EACCES') {
    const why = code === 'EADDRINUSE' ? 'is in use by another program' : 'may not be used';
    return new CommandFailure(`port ${port ?? env.LAPSE_PORT ?? 7400} ${why}`, {
      exitCode: EXIT.usage,
      next: 'set LAPSE_PORT to another one, or stop the program that has it',
    });
  }
  if (UNREACHABLE.has(code ?? '') || /timeout expired|Connection terminated/i.test(message)) {
    return new CommandFailure(`the database cannot be reached: ${message || code}`, {
      exitCode: EXIT.undecided,
      next: checkOf(env),
    });
  }
  return error;
}

/** What to look at where a database was named; the private one has nothing to be set. */
function checkOf(env: NodeJS.ProcessEnv): string {
  const named = ['DATABASE_URL', 'DATABASE_ADMIN_URL'].filter((name) => env[name]);
  return named.length > 0
    ? `check that ${named.join(' and ')} names a server that runs, and a login that it knows`
    : 'look into the log of the private PostgreSQL, in LAPSE_DATA/postgres/log';
}

/** An address with several numbers fails with one error that holds one for each of them. */
function innermostKnown(error: Error): KnownError {
  const inner = error instanceof AggregateError ? error.errors[0] : undefined;
  return inner instanceof Error ? inner : error;
}
