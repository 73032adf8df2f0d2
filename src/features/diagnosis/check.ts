/** What is looked at, how it stands, and what to do about it. */
export interface Check {
  /** What is looked at, in one or two words. */
  readonly name: string;
  readonly state: 'ok' | 'warning' | 'problem';
  readonly message: string;
  /** What mends it; there wherever the state is not `ok`. */
  readonly mend?: string;
}

export function ok(name: string, message: string): Check {
  return { name, state: 'ok', message };
}

export function warning(name: string, message: string, mend: string): Check {
  return { name, state: 'warning', message, mend };
}

export function problem(name: string, message: string, mend: string): Check {
  return { name, state: 'problem', message, mend };
}

/** A length of time as people say it: the largest unit that it has two of, else the next smaller. */
export function durationText(seconds: number): string {
  const units = [
    [86_400, 'day'],
    [3_600, 'hour'],
    [60, 'minute'],
  ] as const;
  for (const [size, name] of units) {
    const count = Math.floor(seconds / size);
    if (count >= 2) return `${count} ${name}s`;
  }
  return `${Math.round(seconds)} s`;
}

export function sizeText(bytes: number): string {
  const gigabytes = bytes / 1e9;
  return gigabytes >= 1 ? `${gigabytes.toFixed(1)} GB` : `${Math.round(bytes / 1e6)} MB`;
}
