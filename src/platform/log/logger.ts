import { type DestinationStream, type Logger, pino } from 'pino';
import { traceFields } from '../telemetry/tracing.ts';

/**
 * Structured logs, one JSON object a line. What could be a secret is cut out wherever it stands;
 * bodies, queries and headers are never logged at all.
 */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: undefined,
    mixin: traceFields,
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: loggedError },
    redact: {
      paths: [
        'authorization',
        '*.authorization',
        'password',
        '*.password',
        'secret',
        '*.secret',
        'token',
        '*.token',
      ],
      censor: '[cut out]',
    },
  };
  // Lines leave in blocks, at the latest after a second: a system call for each would slow requests.
  const buffered = () =>
    pino.destination({ fd: 1, minLength: 4_096, periodicFlush: 1_000, sync: false });
  return pino(options, destination ?? buffered());
}

/**
 * What of an error is logged: where it came from, and never the values that it was about. Errors of
 * PostgreSQL carry those in their detail and at the end of their message, others in keys of their own.
 */
function loggedError(error: unknown): unknown {
  if (!(error instanceof Error)) return { type: typeof error };
  const { code, constraint, table } = error as DatabaseErrorFields;
  const frames = error.stack?.split('\n').filter((line) => line.startsWith('    at ')) ?? [];
  return {
    type: error.name,
    message: error.message.replace(/: ".*"$/s, ': [cut out]'),
    code,
    constraint,
    table,
    stack: frames.join('\n'),
    cause: error.cause === undefined ? undefined : loggedError(error.cause),
  };
}

interface DatabaseErrorFields extends Error {
  readonly code?: unknown;
  readonly constraint?: string;
  readonly table?: string;
}
