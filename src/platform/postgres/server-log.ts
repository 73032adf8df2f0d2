import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ClusterLocation } from './cluster-location.ts';

/**
 * Where PostgreSQL writes until its own log collector runs. It lies in our folder, not among the
 * server's logs: root opens it, and must not follow a link that the server's account has laid.
 */
export function startupLog(location: ClusterLocation): string {
  return join(location.folder, 'startup.log');
}

/** How long each of the collector's files is, in bytes. */
export type LogMarks = ReadonlyMap<string, number>;

/** The ends of the collector's files now. */
export function markLogs(location: ClusterLocation): LogMarks {
  const names = readdirSync(location.logDir).filter((name) => name.endsWith('.log'));
  const paths = names.map((name) => join(location.logDir, name));
  return new Map(paths.map((path) => [path, statSync(path).size]));
}

/** What this start has logged: at most the last 4,000 characters. */
export function readLogsSince(location: ClusterLocation, marks: LogMarks): string {
  const parts = [readFileSync(startupLog(location), 'utf8')];
  for (const [path, size] of markLogs(location)) {
    const from = marks.get(path) ?? 0;
    // Shorter than before: the file was begun anew.
    parts.push(
      readFileSync(path)
        .subarray(from <= size ? from : 0)
        .toString('utf8'),
    );
  }
  const texts = parts.map((part) => part.trim()).filter(Boolean);
  return texts.join('\n').slice(-4_000);
}
