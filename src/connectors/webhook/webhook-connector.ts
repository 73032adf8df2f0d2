import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import type {
  CallOutcome,
  Connector,
  GrantOrder,
  Observation,
  Pace,
} from '../../domain/enforcement/connector.ts';
import { OutsideFailure, type OutsideRules } from '../../platform/outbound/ask-outside.ts';
import { type OutsideAnswer, sendOutside } from '../../platform/outbound/read-outside.ts';
import { webhookHeaders } from './sign-webhook.ts';
import { orderBody, WEBHOOK_ANSWERS } from './webhook-messages.ts';

/** How a receiver is reached. */
export interface Webhook {
  readonly url: string;
  /** What signs: `readWebhookSecret` of the connection's secret. */
  readonly key: Buffer;
  /** The kind of grants that it is asked for. */
  readonly kind: string;
  readonly rules: OutsideRules;
  /** Longest wait for one whole answer, in milliseconds; 20 seconds unless given. */
  readonly timeout?: number;
}

const PACE: Pace = { burst: 20, perSecond: 5, atOnce: 4 };
const LARGEST = 1024 * 1024;
const TIMEOUT = 20_000;
/** Pages of one list: a receiver that never ends must not keep the reader. */
const MOST_PAGES = 10_000;

/**
 * Grants of any kind, through a service of one's own: each order is a signed POST
 * (docs/guide/webhook-connector.md). What the answer says is believed as far as it has the shape of one;
 * everything else is `unknown` of a call and `undecided` of a look.
 */
export function webhookConnector(webhook: Webhook): Connector {
  async function ask<Operation extends keyof typeof WEBHOOK_ANSWERS>(
    operation: Operation,
    content: object,
    signal: AbortSignal,
  ): Promise<z.output<(typeof WEBHOOK_ANSWERS)[Operation]>> {
    const answer = await send(webhook, { operation, ...content }, signal);
    const read = WEBHOOK_ANSWERS[operation].safeParse(answer);
    if (read.success) return read.data as z.output<(typeof WEBHOOK_ANSWERS)[Operation]>;
    const [issue] = read.error.issues;
    const place = issue?.path.join('.') || 'the whole of it';
    throw new NoAnswer({
      kind: 'unknown',
      message: `the answer to ${operation} is none that is documented: ${place}: ${issue?.message}`,
    });
  }

  const call = async (
    operation: 'apply' | 'remove',
    order: GrantOrder,
    signal: AbortSignal,
  ): Promise<CallOutcome> => {
    try {
      return await ask(operation, orderBody(operation, order), signal);
    } catch (error) {
      return outcomeOf(error);
    }
  };

  return {
    readsToConfirm: 1,
    pace: PACE,
    apply: (order, signal) => call('apply', order, signal),
    remove: (order, signal) => call('remove', order, signal),

    async observe(order, signal): Promise<Observation> {
      try {
        return await ask('observe', orderBody('observe', order), signal);
      } catch (error) {
        const outcome = outcomeOf(error);
        if (outcome.kind === 'throttled') return outcome;
        const message = 'message' in outcome ? outcome.message : 'it could not be asked';
        return { kind: 'undecided', message };
      }
    },

    async *list(scope, signal) {
      let after: string | undefined;
      for (let page = 0; page < MOST_PAGES; page += 1) {
        const { items, next } = await ask('list', { kind: webhook.kind, scope, after }, signal);
        yield* items;
        if (next === undefined) return;
        after = next;
      }
      throw new Error(`the list of ${scope} has more than ${MOST_PAGES} pages`);
    },
  };
}

/** What came instead of an answer that can be read. */
class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
  readonly outcome: CallOutcome;

  constructor(outcome: CallOutcome & { readonly message: string }) {
    super(outcome.message);
    this.outcome = outcome;
  }
}

async function send(
  { url, key, rules, timeout = TIMEOUT }: Webhook,
  content: object,
  signal: AbortSignal,
): Promise<unknown> {
  refusePlainText(url, rules);
  const body = JSON.stringify(content);
  const signed = webhookHeaders(key, { id: `msg_${randomUUID()}`, at: Date.now(), body });
  const headers = { 'content-type': 'application/json', accept: 'application/json', ...signed };
  const request = { method: 'POST', headers, body: Buffer.from(body) };
  const limits = { bytes: LARGEST, milliseconds: timeout };
  const answer = await sendOutside(url, request, { ...rules, limits }, signal).catch((error) => {
    throw unsent(error);
  });
  const failure = failureOf(answer);
  if (failure) {
    answer.close();
    throw new NoAnswer(failure);
  }
  return jsonOf(answer);
}

/** Over plain HTTP anybody on the way could answer that something is gone. */
function refusePlainText(url: string, { listed }: OutsideRules): void {
  const { protocol, hostname, port } = new URL(url);
  if (protocol === 'https:' || listed.some(({ host }) => host === hostname)) return;
  const message = `the receiver at ${hostname}${port && `:${port}`} is asked over plain http: https would pass, or a host in LAPSE_INSIDE_HOSTS`;
  throw new NoAnswer({ kind: 'refused', message });
}

function failureOf({
  status,
  headers,
}: OutsideAnswer): (CallOutcome & { readonly message: string }) | undefined {
  if (status >= 200 && status < 300) return undefined;
  const message = `the receiver answered ${status}`;
  const seconds = headers['retry-after'];
  const wait = /^\d{1,6}$/.test(seconds ?? '') ? Number(seconds) * 1_000 : undefined;
  if (status === 429) return { kind: 'throttled', retryAfter: wait ?? 5_000, message };
  if (status === 408 || status >= 500) return { kind: 'retry', retryAfter: wait, message };
  if (status >= 300 && status < 400)
    return { kind: 'refused', message: `${message}: redirects are not followed` };
  if (status === 401 || status === 403)
    return { kind: 'refused', message: `${message}: it may have another secret` };
  return { kind: 'refused', message };
}

async function jsonOf({ body }: OutsideAnswer): Promise<unknown> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(pieces)));
  } catch {
    throw new NoAnswer({ kind: 'unknown', message: 'the receiver did not answer with JSON' });
  }
}

/** An address that may not be asked is refused before anything is sent. */
function unsent(error: unknown): Error {
  if (!(error instanceof OutsideFailure)) return error as Error;
  const message = `the receiver's address ${error.message}`;
  return new NoAnswer({ kind: error.isFinal ? 'refused' : 'unknown', message });
}

function outcomeOf(error: unknown): CallOutcome {
  if (error instanceof NoAnswer) return error.outcome;
  const message = error instanceof Error ? error.message : String(error);
  const said = error instanceof OutsideFailure ? `the receiver's answer ${message}` : message;
  return { kind: 'unknown', message: said };
}
