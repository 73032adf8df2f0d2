import { createHash } from 'node:crypto';
import type { Actor } from '../../src/domain/access/actor.ts';
import type { DelegationRequest } from '../../src/domain/delegation/decide-delegation.ts';
import type { Mode } from '../../src/domain/enforcement/connector.ts';
import type { ExceptionCommand } from '../../src/domain/exception/commands.ts';
import type { RenewalRequest } from '../../src/domain/exception/renewal.ts';
import type { ExceptionState } from '../../src/domain/exception/state.ts';
import type { Policy } from '../../src/domain/policy/policy.ts';
import type { Caller } from '../../src/features/exceptions/exception-service.ts';
import type { NewToken } from '../../src/features/identity/token-service.ts';
import { fully } from '../support/fully.ts';

/** What a person asks for. */
export type Request =
  | { readonly type: 'create'; readonly command: DraftCommand; readonly submit: boolean }
  | { readonly type: 'renew'; readonly renewal: RenewalRequest }
  | { readonly type: 'command'; readonly command: ExceptionCommand }
  /** `file` is a record a line, as JSON. */
  | { readonly type: 'import'; readonly file: string; readonly records: number }
  | { readonly type: 'issue-token'; readonly token: NewToken }
  | { readonly type: 'revoke-token' }
  | { readonly type: 'delegate'; readonly wanted: DelegationRequest }
  | { readonly type: 'end-delegation' }
  | { readonly type: 'put-policy'; readonly pack: Policy }
  | { readonly type: 'put-connection'; readonly mode: Mode }
  /** Of the grant that is the wish's target. */
  | { readonly type: 'attest'; readonly task: string }
  | { readonly type: 'open-epoch'; readonly reason: string };

/** What a request was answered. */
export interface Outcome {
  /** What the API sends of it, except what it sends but once. */
  readonly wire: unknown;
  /** The streams that it tells of, as they stood then; `state` where it tells that too. */
  readonly streams: readonly {
    readonly id: string;
    readonly version: number;
    readonly state?: ExceptionState;
  }[];
}

type DraftCommand = Extract<ExceptionCommand, { type: 'DraftException' }>;

/** What is to be sent, and by whom. */
export interface Wish {
  readonly tenantId: string;
  readonly actor: Actor;
  readonly request: Request;
  /** The record or the token, where there is one already. */
  readonly target?: string | undefined;
  /** The revision that the person has seen. */
  readonly expected?: number | undefined;
  /** Whether it carries an Idempotency-Key, and so may be sent again. */
  readonly key?: string | undefined;
  /** The intent whose key this one carries with another body. */
  readonly takesKeyOf?: Intent | undefined;
}

/**
 * Repeats of a request are answered alike for 72 hours (DESIGN, Transactions), counted from the answer;
 * clocks that were put back may have taken some of them.
 */
export const REPEATABLE_FOR = 48 * 3_600_000;

/**
 * One thing that a person wants done, however often it is sent. Its number is part of the name that
 * the journal keeps of the actor, so that its events are told from all others.
 */
export class Intent {
  readonly number: number;
  readonly wish: Wish;
  readonly caller: Caller;
  /** When it was first sent, by the domain's time. */
  readonly sentAt: number;
  /** When an attempt was last under way. */
  lastSeenAt: number;
  attempts = 0;
  underWay = 0;
  /** Attempts of which nobody knows how they ended. */
  inDoubt = 0;
  acknowledged: Outcome | undefined;
  /** The code of the last refusal. */
  refused: string | undefined;

  constructor(number: number, wish: Wish, now: number) {
    this.number = number;
    this.wish = wish;
    this.sentAt = now;
    this.lastSeenAt = now;
    const { tenantId, actor, key, request, target = '' } = wish;
    const kind = request.type === 'command' ? request.command.type : request.type;
    const body = createHash('sha256')
      .update(`${number} ${JSON.stringify(request)}`)
      .digest();
    this.caller = {
      ...fully(tenantId),
      actor: { ...actor, name: nameWith(actor.name, number) },
      ...(key === undefined
        ? {}
        : {
            idempotency: {
              principal: actor.id,
              method: 'POST',
              path: `/v1/exceptions/${target}/${kind}`,
              key,
              bodyHash: body,
            },
          }),
    };
  }

  /** What it asks for, in a word. */
  get verb(): string {
    const { request } = this.wish;
    return request.type === 'command' ? request.command.type : request.type;
  }

  /** Whether every attempt so far, at `now` those under way too, finds what the first was answered. */
  isRemembered(now: number): boolean {
    const seen = this.underWay > 0 ? Math.max(now, this.lastSeenAt) : this.lastSeenAt;
    return this.wish.key !== undefined && seen - this.sentAt < REPEATABLE_FOR;
  }
}

function nameWith(name: string, number: number): string {
  return `${name} #${number}`;
}

/** The number of the intent that an actor's name carries; undefined for the clock. */
export function intentOf(actorName: string): number | undefined {
  const match = / #(\d+)$/.exec(actorName);
  return match ? Number(match[1]) : undefined;
}
