import { createHash } from 'node:crypto';
import type { LinkFound } from '../../domain/exception/link-reading.ts';
import { type ListedHost, OutsideFailure } from '../../platform/outbound/ask-outside.ts';
import { type ReadingRules, readOutside } from '../../platform/outbound/read-outside.ts';

/** Reads a link, or says why it cannot be read; throws nothing that is the link's fault. */
export type ReadLink = (link: string, signal: AbortSignal) => Promise<LinkFound>;

/** One body may have 25 MB, as a file of evidence, and 30 seconds. */
const LIMITS = { bytes: 25 * 1024 * 1024, milliseconds: 30_000 };
/** Statuses that may be another a moment later, though they blame the request. */
const PASSING = new Set([408, 425, 429]);
const MOST_TYPE = 200;

/** Reads links as {@link readOutside} does; `rules` may narrow the limits. */
export function linkReader(
  listed: readonly ListedHost[],
  rules: Partial<ReadingRules> = {},
): ReadLink {
  return async (link, signal) => {
    try {
      const answer = await readOutside(link, { listed, limits: LIMITS, ...rules }, signal);
      const { status } = answer;
      if (status < 200 || status > 299) {
        answer.close();
        const isFinal = status < 500 && !PASSING.has(status);
        return { reason: `was answered with ${status}`, status, isFinal };
      }
      const hash = createHash('sha256');
      let size = 0;
      for await (const piece of answer.body) {
        hash.update(piece);
        size += piece.length;
      }
      const type = readable(answer.headers['content-type']);
      return { digest: hash.digest('hex'), size, ...(type ? { type } : {}), status };
    } catch (error) {
      if (!(error instanceof OutsideFailure)) throw error;
      return { reason: error.message, isFinal: error.isFinal };
    }
  };
}

/** Reads nothing: where the operator has turned reading off, and where time is played. */
export function noLinkReader(reason: string): ReadLink {
  return async () => ({ reason, isFinal: true });
}

/** What a server says of itself is kept only as far as it is short and can be shown. */
function readable(type: string | undefined): string | undefined {
  return type !== undefined && type.length <= MOST_TYPE && /^[\x20-\x7e]+$/.test(type)
    ? type
    : undefined;
}
