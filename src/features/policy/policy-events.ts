import { z } from 'zod';
import type { Actor } from '../../domain/access/actor.ts';
import type { ActorReference } from '../../domain/exception/state.ts';
import { formatInstant } from '../../domain/schedule/instant.ts';

export const policyPut = z.strictObject({ digest: z.string(), id: z.string() });

/** A pack was put in force; its bytes are kept beside the ledger, under their digest. */
export interface PolicyPut {
  readonly type: 'PolicyPut';
  readonly data: z.output<typeof policyPut>;
}

/** One version of a tenant's policy. */
export interface PolicyVersion {
  /** 1 for the first pack that was put in force in place of the built-in one. */
  readonly version: number;
  readonly digest: string;
  /** The id that the pack gives itself. */
  readonly id: string;
  /** RFC 3339. */
  readonly since: string;
  readonly by: ActorReference;
}

/** All versions, oldest first; the last is in force. */
export interface PolicyState {
  readonly versions: readonly PolicyVersion[];
}

/** The versions after one more. */
export function evolvePolicy(
  state: PolicyState | undefined,
  { data }: PolicyPut,
  { at, actor: { id, name, email } }: { at: number; actor: Actor },
): PolicyState {
  const versions = state?.versions ?? [];
  const by = { id, name, ...(email === undefined ? {} : { email }) };
  const next = { version: versions.length + 1, ...data, since: formatInstant(at), by };
  return { versions: [...versions, next] };
}
