import fastifyRateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { DomainError } from '../../domain/errors.ts';

/** How many requests a minute are answered. */
export interface RequestLimits {
  /** Of one principal. */
  readonly requests: number;
  /** Of one address, that failed to say who sends them. */
  readonly failures: number;
  /** Of one address, for the pages of sign-in. */
  readonly signIns: number;
}

/** Counts requests by a key, in this process alone; who comes too often is refused. */
export interface RateLimit {
  /** Counts the request, and refuses it with `too-many-requests` where it is one too many. */
  count(request: FastifyRequest, reply: FastifyReply): Promise<void>;
  /** Refuses where no more would pass; counts nothing. */
  check(request: FastifyRequest, reply: FastifyReply): Promise<void>;
  /** Counts the request, and refuses nothing. */
  note(request: FastifyRequest): Promise<void>;
}

/** What is counted. */
interface Counted {
  /** Requests within a minute. */
  readonly max: number;
  /** What too many of them are called: `requests`, `failed sign-ins`. */
  readonly what: string;
  /** Who is counted; the address unless told, an IPv6 one by its first 64 bits. */
  readonly keyOf?: (request: FastifyRequest) => string;
}

const MINUTE = 60_000;

/** Lets {@link rateLimit} count for an application. */
export async function addRateLimits(app: FastifyInstance): Promise<void> {
  await app.register(fastifyRateLimit, { global: false, ipv6Subnet: 64 });
}

/** A limit of its own. It counts 5,000 keys at a time; whoever came least lately is forgotten first. */
export function rateLimit(app: FastifyInstance, { max, what, keyOf }: Counted): RateLimit {
  const apply = app.createRateLimit({
    max,
    timeWindow: MINUTE,
    ...(keyOf ? { keyGenerator: keyOf } : {}),
  });
  const countOf = async (request: FastifyRequest, increment: boolean) => {
    const { remaining, ttlInSeconds, isExceeded } = (await apply(request, { increment })) as {
      remaining: number;
      ttlInSeconds: number;
      isExceeded: boolean;
    };
    return { isExceeded, isSpent: remaining === 0, seconds: Math.max(1, ttlInSeconds) };
  };
  const refuse = (reply: FastifyReply, seconds: number) => {
    reply.headers({
      'retry-after': seconds,
      'ratelimit-limit': max,
      'ratelimit-remaining': 0,
      'ratelimit-reset': seconds,
    });
    const message = `more than ${max} ${what} within a minute; one would pass in ${seconds} s`;
    return new DomainError('too-many-requests', message);
  };
  return {
    async count(request, reply) {
      const { isExceeded, seconds } = await countOf(request, true);
      if (isExceeded) throw refuse(reply, seconds);
    },
    async check(request, reply) {
      const { isSpent, seconds } = await countOf(request, false);
      if (isSpent) throw refuse(reply, seconds);
    },
    async note(request) {
      await countOf(request, true);
    },
  };
}
