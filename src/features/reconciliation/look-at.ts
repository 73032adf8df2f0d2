import type { GrantOrder, Observation, Placed } from '../../domain/enforcement/connector.ts';
import type { GrantSpec } from '../../domain/enforcement/grant-spec.ts';
import type { ReachedConnection, ReconciliationParts } from './reconciliation-parts.ts';

const LOOK_MS = 30_000;

/** Something that may stand in a cloud. */
export interface Subject {
  readonly tenantId: string;
  readonly grantId: string;
  readonly exceptionId: string;
  readonly spec: GrantSpec;
  readonly placed: Placed | undefined;
  readonly connection: string | undefined;
}

/** Reads whether it is there, between transactions; what cannot be told is `undecided`. */
export async function lookAt(
  parts: ReconciliationParts,
  subject: Subject,
  signal: AbortSignal,
): Promise<Observation> {
  const { tenantId, connection: name } = subject;
  try {
    const connections = await parts.db.inSystem((tx) => parts.connectionsOf(tx, [tenantId]));
    const reached = connections.find(({ state }) => state.active && state.name === name);
    return await lookThrough(parts, reached, subject, signal);
  } catch (error) {
    return { kind: 'undecided', message: error instanceof Error ? error.message : String(error) };
  }
}

async function lookThrough(
  { connectorFor }: ReconciliationParts,
  reached: ReachedConnection | undefined,
  subject: Subject,
  signal: AbortSignal,
): Promise<Observation> {
  const connector = reached && (await connectorFor(reached, subject.spec.kind));
  if (!connector) return { kind: 'undecided', message: 'no connection in use reaches it' };
  const within = AbortSignal.any([signal, AbortSignal.timeout(LOOK_MS)]);
  return connector.observe(orderFor(subject), within);
}

/** What a connector is asked for; whoever looks or takes away needs no more. */
export function orderFor({ tenantId, grantId, exceptionId, spec, placed }: Subject): GrantOrder {
  return {
    ...{ tenantId, grantId, exceptionId, spec, placed },
    ...{ endsAt: undefined, ticketId: undefined, requestor: undefined },
  };
}
