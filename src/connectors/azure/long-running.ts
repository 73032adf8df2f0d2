import type { CallOutcome, Observation, Pace, Placed } from '../../domain/enforcement/connector.ts';
import type { AzureAnswer, AzureClient } from './azure-client.ts';
import { failureOf, retryAfterOf, unseen } from './outcomes.ts';

/** Microsoft.Network takes 1,000 writes and deletes in five minutes (reference/azure.md, Throttling). */
export const NETWORK_PACE: Pace = { burst: 100, perSecond: 3, atOnce: 8 };

const LOOK_AFTER = 10_000;

/** A resource of Azure whose changes go on after their call was answered. */
export interface LongRunning {
  readonly properties?: { readonly provisioningState?: string };
}

/**
 * What the answer to a PUT or DELETE means that may go on: `pending` while it does. Nobody waits for it
 * here; `placed` remembers where the cloud tells how far it is.
 */
export function begun(answer: AzureAnswer, placed: Placed | undefined): CallOutcome {
  const failure = failureOf(answer);
  if (failure) return failure;
  const operation = answer.header('azure-asyncoperation') ?? answer.header('location');
  if (answer.status !== 202 && !isUnderWay(answer.body as LongRunning | undefined))
    return { kind: 'done', ...(placed === undefined ? {} : { placed }) };
  const known = placed && { ...placed, ...(operation === undefined ? {} : { operation }) };
  const retryAfter = retryAfterOf(answer) ?? LOOK_AFTER;
  return { kind: 'pending', retryAfter, ...(known === undefined ? {} : { placed: known }) };
}

/** Why nothing can be told yet: the operation goes on, or it cannot be asked. */
export async function stillUnderWay(
  azure: AzureClient,
  placed: Placed | undefined,
  signal: AbortSignal,
): Promise<Observation | undefined> {
  if (placed?.operation === undefined) return undefined;
  const answer = await azure.manage({ method: 'GET', path: placed.operation }, signal);
  // It is forgotten after a day; the resource itself tells what came of it.
  if (answer.status === 404) return undefined;
  const failure = failureOf(answer);
  if (failure) return unseen(failure);
  const status = (answer.body as { status?: unknown } | undefined)?.status;
  const isOver = /^(?:succeeded|failed|canceled)$/i.test(String(status));
  if (answer.status !== 202 && (status === undefined || isOver)) return undefined;
  return { kind: 'undecided', message: 'the cloud still works on it' };
}

/** Whether a resource is being put in place or taken away at this moment. */
export function isUnderWay(resource: LongRunning | undefined): boolean {
  return /^(?:creating|updating|deleting|accepted|running)$/i.test(
    resource?.properties?.provisioningState ?? '',
  );
}
