import { type DestinationStream, type Logger, pino } from 'pino';

/**
 * Structured logs, one JSON object a line. What could be a secret is cut out wherever it stands;
 * bodies, queries and headers are never logged at all.
 */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: undefined,
    timestamp: pino.stdTimeFunctions.isoTime,
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
        'err.query',
        'err.parameters',
      ],
      censor: '[cut out]',
    },
  };
  // Lines leave in blocks, at the latest after a second: a system call for each would slow requests.
  const buffered = () => pino.destination({ fd: 1, minLength: 4_096, periodicFlush: 1_000, sync: false });
  return pino(options, destination ?? buffered());
}
