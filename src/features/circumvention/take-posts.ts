import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { AuditEvent } from '../../domain/circumvention/audit-event.ts';
import { readEventGrid, validationCode } from '../../domain/circumvention/read-event-grid.ts';
import { DomainError } from '../../domain/errors.ts';
import type { Database } from '../../platform/db/transaction.ts';
import type { RateLimit } from '../../platform/http/rate-limits.ts';
import { keepLines } from './audit-inbox.ts';

/** What taking in posts needs. */
export interface PostParts {
  readonly db: Database;
  /** SHA-256 of the secret that a connection's events are posted with; `undefined` where it has none. */
  readonly secretOf: (tenantId: string, connection: string) => Promise<Buffer | undefined>;
  /** Notes a post that did not show who sends it, and makes its address wait after too many. */
  readonly failures: Pick<RateLimit, 'check' | 'note'>;
  /** Lets the work know that something may be due. */
  readonly wake: () => void;
}

/** Largest post, in bytes: that of Event Grid's largest batch. */
const LARGEST = 1024 * 1024;
const SECRET = /^lapse-events_([0-7][0-9A-HJKMNP-TV-Z]{25})_[A-Za-z0-9_-]{43}$/;
const BEARER = /^Bearer +(\S+)$/i;
const KINDS = ['SubscriptionValidation', 'Notification', 'SubscriptionDeletion'] as const;
const events = z.array(z.unknown()).max(5_000, 'must have at most 5,000 events');

/**
 * `/v1/events/azure/{connection}`: where Event Grid posts. The secret stands in the query as `code`, or
 * in the header `Authorization: Bearer …` as a delivery property; it names the tenant. What is posted is
 * kept and answered at once; it is judged later, and nothing in it is believed but which resource to ask
 * the cloud about.
 */
export function addPostRoutes(app: FastifyInstance, parts: PostParts): void {
  app.addHook('onRequest', async (request, reply) => {
    await parts.failures.check(request, reply);
    request.postedFor = await whose(request, parts);
  });
  app.decorateRequest('postedFor', '');
  app.post(
    '/azure/:connection',
    {
      bodyLimit: LARGEST,
      schema: {
        tags: ['enforcement'],
        summary: 'Where Azure Event Grid posts events; they are checked with the cloud itself',
        params: z.object({ connection: z.string().max(40) }),
        querystring: z.strictObject({ code: z.string().max(200).optional() }),
        body: events,
        response: { 200: z.object({ validationResponse: z.string().optional() }) },
      },
    },
    async (request) => {
      const posted = request.body as unknown[];
      if (kindOf(request) === 'SubscriptionValidation') {
        const validationResponse = validationCode(posted);
        if (validationResponse !== undefined) return { validationResponse };
        throw new DomainError('invalid-request', 'the post holds no validationCode');
      }
      const { connection } = request.params as { connection: string };
      const lines = posted.map(readEventGrid).filter((line): line is AuditEvent => !!line);
      const tenantId = request.postedFor;
      if (lines.length > 0) {
        await parts.db.inTenant(tenantId, async (tx) =>
          keepLines(tx, { tenantId, connection }, lines, await tx.now),
        );
        parts.wake();
      }
      return {};
    },
  );
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The tenant whose secret a post carries. */
    postedFor: string;
  }
}

/** Whose connection a post is for; refuses with `unauthenticated`, whatever of it is wrong. */
async function whose(request: FastifyRequest, { secretOf, failures }: PostParts): Promise<string> {
  const { code } = request.query as { code?: unknown };
  const header = BEARER.exec(request.headers.authorization ?? '')?.[1];
  const secret = header ?? (typeof code === 'string' ? code : '');
  const tenantId = SECRET.exec(secret)?.[1];
  const { connection = '' } = request.params as { connection?: string };
  const known = tenantId === undefined ? undefined : await secretOf(tenantId, connection);
  const given = createHash('sha256').update(secret).digest();
  if (tenantId !== undefined && known?.length === given.length && timingSafeEqual(known, given))
    return tenantId;
  await failures.note(request);
  throw new DomainError(
    'unauthenticated',
    "the post does not carry the connection's secret: as ?code=… or Authorization: Bearer …; POST /v1/connections/{name}/event-secret makes one",
  );
}

function kindOf(request: FastifyRequest): (typeof KINDS)[number] {
  const given = request.headers['aeg-event-type'];
  const kind = KINDS.find((name) => name.toLowerCase() === String(given ?? '').toLowerCase());
  if (kind) return kind;
  throw new DomainError(
    'invalid-request',
    `the header aeg-event-type must be one of ${KINDS.join(', ')}, as Event Grid sends it`,
  );
}
