import type {
  CallOutcome,
  Connector,
  GrantOrder,
  Observation,
} from '../../domain/enforcement/connector.ts';
import type { GrantSpec } from '../../domain/enforcement/grant-spec.ts';
import type { AzureClient } from './azure-client.ts';
import { failureOf, RESOURCE_MANAGER_PACE, unanswered, unseen } from './outcomes.ts';

/** A connector of Azure Resource Manager by what is its own; it may throw what the client throws. */
export interface Connecting<Asked> {
  /** What a grant asks for; a text that says what is wrong with it, and what would pass, otherwise. */
  read(spec: GrantSpec): Asked | string;
  /** What stands in the way of putting it in place, though it says what to take away. */
  readonly whatIsUnfit?: (order: GrantOrder) => string | undefined;
  apply(order: GrantOrder, asked: Asked, signal: AbortSignal): Promise<CallOutcome>;
  remove(order: GrantOrder, asked: Asked, signal: AbortSignal): Promise<CallOutcome>;
  observe(order: GrantOrder, asked: Asked, signal: AbortSignal): Promise<Observation>;
  readonly list: Connector['list'];
}

/** Makes the connector: what cannot be read sends no request, and what is thrown is classified. */
export function connectorOf<Asked>(own: Connecting<Asked>): Connector {
  async function call(
    operation: 'apply' | 'remove',
    order: GrantOrder,
    signal: AbortSignal,
  ): Promise<CallOutcome> {
    const asked = own.read(order.spec);
    if (typeof asked === 'string') return { kind: 'refused', message: asked };
    const unfit = operation === 'apply' ? own.whatIsUnfit?.(order) : undefined;
    if (unfit !== undefined) return { kind: 'refused', message: unfit };
    try {
      return await own[operation](order, asked, signal);
    } catch (error) {
      return unanswered(error);
    }
  }

  return {
    readsToConfirm: 1,
    pace: RESOURCE_MANAGER_PACE,
    apply: (order, signal) => call('apply', order, signal),
    remove: (order, signal) => call('remove', order, signal),
    async observe(order, signal) {
      const asked = own.read(order.spec);
      if (typeof asked === 'string') return { kind: 'undecided', message: asked };
      try {
        return await own.observe(order, asked, signal);
      } catch (error) {
        return unseen(unanswered(error));
      }
    },
    list: own.list,
  };
}

/** Deletes resources, one after the other; what is not there is as it is to be. */
export async function deleteAll(
  azure: AzureClient,
  ids: readonly string[],
  api: string,
  signal: AbortSignal,
): Promise<CallOutcome> {
  for (const id of ids) {
    const answer = await azure.manage({ method: 'DELETE', path: `${id}?${api}` }, signal);
    const failure = failureOf(answer);
    if (failure && answer.status !== 404) return failure;
  }
  return { kind: 'done' };
}
