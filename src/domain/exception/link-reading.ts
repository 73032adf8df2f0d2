import { formatInstant, type Instant } from '../schedule/instant.ts';
import { instant } from './event-reading.ts';
import type { ExceptionEvent } from './events.ts';
import type { ExceptionState, LinkReading } from './state.ts';

/** What lies behind a link, or why that is not known. */
export type LinkFound =
  | {
      /** SHA-256 of the body as it was sent, in hexadecimal digits. */
      readonly digest: string;
      /** In bytes. */
      readonly size: number;
      /** The media type, as the server gave it. */
      readonly type?: string;
      /** The HTTP status after the last redirect. */
      readonly status: number;
    }
  | {
      readonly reason: string;
      readonly status?: number;
      /** Another attempt would come to the same. */
      readonly isFinal: boolean;
    };

/** What came of an attempt to read a link. */
export type LinkOutcome = LinkFound & {
  readonly link: string;
  /** When the attempt began. */
  readonly at: Instant;
};

type LinkEvent = Extract<ExceptionEvent, { type: 'EvidenceLinkRead' | 'EvidenceLinkNotReached' }>;

/**
 * The links of evidence of an archived record of which the ledger does not say yet what lies behind
 * them; none of a record that may still change. Only what HTTP can read: other references name
 * things that no server answers for.
 */
export function unreadLinks({ status, fields, closed, link_readings }: ExceptionState): string[] {
  if (status !== 'Archived') return [];
  const read = new Set(link_readings?.map(({ link }) => link));
  const closing = (closed?.evidence ?? []).flatMap(({ link }) => link ?? []);
  const links = new Set([...(fields.evidence ?? []), ...closing]);
  return [...links].filter((link) => isWebLink(link) && !read.has(link));
}

/**
 * The events that follow from attempts, one for each link: its digest, or that it was not reached,
 * where another attempt would come to the same or there will be none (`isLast`). What may still
 * succeed gives no event.
 */
export function linkEvents(
  state: ExceptionState,
  outcomes: readonly LinkOutcome[],
  isLast: boolean,
): LinkEvent[] {
  const unread = new Set(unreadLinks(state));
  return outcomes
    .filter((outcome) => unread.delete(outcome.link))
    .flatMap((outcome): LinkEvent[] => {
      const { at, ...found } = outcome;
      if ('digest' in found)
        return [{ type: 'EvidenceLinkRead', data: { ...found, read_at: formatInstant(at) } }];
      const { isFinal, ...failed } = found;
      if (!isFinal && !isLast) return [];
      return [{ type: 'EvidenceLinkNotReached', data: { ...failed, tried_at: formatInstant(at) } }];
    });
}

/** A reading as the record keeps it. */
export function linkReading(event: LinkEvent): LinkReading {
  if (event.type === 'EvidenceLinkRead') {
    const { read_at, ...read } = event.data;
    return { ...read, at: instant(read_at) };
  }
  const { tried_at, ...failed } = event.data;
  return { ...failed, at: instant(tried_at) };
}

function isWebLink(link: string): boolean {
  return /^https?:\/\//i.test(link) && URL.canParse(link);
}
