import type { CallOutcome, Observation, Pace } from '../../domain/enforcement/connector.ts';
import { type AzureAnswer, errorCode, errorText, UnexpectedAnswer } from './azure-client.ts';
import { BadSpec } from './bad-spec.ts';

/**
 * Azure Resource Manager's limits for each subscription and principal: writes and deletes 200 deep and
 * 10 a second (reference/azure.md, Throttling).
 */
export const RESOURCE_MANAGER_PACE: Pace = { burst: 200, perSecond: 10, atOnce: 16 };

/** Codes that pass by themselves: still replicating, busy with another operation, or locked for a while. */
const PASSING: ReadonlySet<string> = new Set([
  'PrincipalNotFound',
  'RetryableErrorDueToAnotherOperation',
  'AnotherOperationInProgress',
  'ScopeLocked',
]);
/**
 * What an operation applies to is not there. A subscription that is not found is none of them: it may
 * have been moved to another directory, with everything that stands in it.
 */
const TARGET_GONE: ReadonlySet<string> = new Set([
  'ResourceGroupNotFound',
  'ResourceNotFound',
  'ParentResourceNotFound',
  'Request_ResourceNotFound',
]);

/** What an answer that is no success means; `undefined` for one that is. */
export function failureOf(answer: AzureAnswer): CallOutcome | undefined {
  const { status } = answer;
  if (status >= 200 && status < 300) return undefined;
  const code = errorCode(answer);
  const message = errorText(answer);
  if (status === 429 && code !== 'RetryableErrorDueToAnotherOperation')
    return { kind: 'throttled', retryAfter: retryAfterOf(answer) ?? 5_000, message };
  if (status === 408 || status === 429 || status >= 500)
    return { kind: 'retry', retryAfter: retryAfterOf(answer), message };
  if (code !== undefined && PASSING.has(code))
    return { kind: 'retry', retryAfter: retryAfterOf(answer), message };
  if (status === 404 && code !== undefined && TARGET_GONE.has(code))
    return { kind: 'gone', message };
  // Credentials that have expired are mended outside; until then it is worth trying again.
  if (status === 401) return { kind: 'retry', message };
  return { kind: 'refused', message };
}

/** What an error means that came instead of an answer: nobody knows how far the request came. */
export function unanswered(error: unknown): CallOutcome {
  if (error instanceof UnexpectedAnswer) {
    return failureOf(error.answer) ?? { kind: 'unknown', message: error.message };
  }
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof BadSpec) return { kind: 'refused', message };
  // A token that could not be had: nothing was sent.
  if (error instanceof Error && /^(AuthenticationError|CredentialUnavailable)/.test(error.name))
    return { kind: 'retry', message: `no token for Azure: ${message}` };
  return { kind: 'unknown', message };
}

/** What a failed look means: what cannot be told never counts as gone. */
export function unseen(outcome: CallOutcome): Observation {
  if (outcome.kind === 'throttled') return outcome;
  const message = 'message' in outcome ? outcome.message : 'it could not be read';
  if (outcome.kind === 'gone') return { kind: 'target-gone', message };
  return { kind: 'undecided', message };
}

/** Makes a call; what breaks on the way is told as an outcome. */
export async function called(call: () => Promise<CallOutcome>): Promise<CallOutcome> {
  return call().catch(unanswered);
}

/** Takes a look; what breaks on the way is told as an observation. */
export async function looked(look: () => Promise<Observation>): Promise<Observation> {
  return look().catch((error) => unseen(unanswered(error)));
}

/** How long the answer asks to wait, in milliseconds. */
export function retryAfterOf(answer: AzureAnswer): number | undefined {
  const text = answer.header('retry-after')?.trim();
  if (text === undefined) return undefined;
  if (/^\d{1,6}$/.test(text)) return Number(text) * 1_000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now());
}
