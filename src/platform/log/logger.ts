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
  return destination ? pino(options, destination) : pino(options);
}
