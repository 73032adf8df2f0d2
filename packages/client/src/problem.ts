/** One field's problem; `line` and `column` where a file was sent, both from 1. */
export interface FieldProblem {
  readonly path: string;
  readonly message: string;
  readonly line?: number;
  readonly column?: number;
}

/** A refusal or failure that the server answered with (RFC 9457). */
export class LapseProblem extends Error {
  override readonly name = 'LapseProblem';
  readonly status: number;
  /** Stable: programs may switch on it. */
  readonly code: string;
  /** What was refused, and what would pass; also the error's message. */
  readonly detail: string;
  readonly errors: readonly FieldProblem[];
  readonly requestId: string | undefined;

  constructor(status: number, body: unknown) {
    const given = (typeof body === 'object' && body !== null ? body : {}) as Partial<ProblemBody>;
    const detail = given.detail ?? given.title ?? `the server answered ${status}`;
    super(detail);
    this.status = status;
    this.code = given.code ?? 'unknown';
    this.detail = detail;
    this.errors = given.errors ?? [];
    this.requestId = given.request_id;
  }
}

interface ProblemBody {
  title: string;
  detail: string;
  code: string;
  errors: readonly FieldProblem[];
  request_id: string;
}

/** The server cannot be reached, or the connection broke before an answer. */
export class LapseUnreachable extends Error {
  override readonly name = 'LapseUnreachable';
  /** The server that was asked. */
  readonly url: string;
  /** The system's code, such as ECONNREFUSED, where there is one. */
  readonly code: string | undefined;

  constructor(url: string, cause: unknown) {
    const { code, message } = innermost(cause);
    super(`${url} cannot be reached: ${message}`, { cause });
    this.url = url;
    this.code = code;
  }
}

/** fetch hides what happened behind "fetch failed"; an address list hides it once more. */
export function innermost(error: unknown): { code: string | undefined; message: string } {
  let current = error as { code?: string; cause?: unknown; errors?: unknown[]; message?: string };
  for (let depth = 0; depth < 5; depth += 1) {
    const inner = current?.cause ?? current?.errors?.[0];
    if (typeof inner !== 'object' || inner === null) break;
    current = inner as typeof current;
  }
  return { code: current?.code, message: current?.message || current?.code || String(error) };
}
