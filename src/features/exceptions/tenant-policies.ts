import type { People } from '../../domain/delegation/people.ts';
import type { Policy } from '../../domain/policy/policy.ts';
import type { Transaction } from '../../platform/db/transaction.ts';

/** The policy packs that the tenants' records are decided by. */
export interface TenantPolicies {
  /**
   * The packs in force of some tenants, in one statement that shares a round trip; those of an
   * earlier instant (epoch milliseconds) where one is given. What it answers throws for a tenant
   * whose pack is not what was put in force.
   */
  inForce(
    tx: Transaction,
    tenantIds: readonly string[],
    at?: number,
  ): Promise<(tenantId: string) => Policy>;
  /** Sees to it that a pack which has decided something can be found by its digest for ever. */
  keep(tx: Transaction, tenantId: string, policy: Policy): void;
}

/** The pack in force of one tenant, now or at an earlier instant (epoch milliseconds). */
export async function policyOf(
  policies: Pick<TenantPolicies, 'inForce'>,
  tx: Transaction,
  tenantId: string,
  at?: number,
): Promise<Policy> {
  return (await policies.inForce(tx, [tenantId], at))(tenantId);
}

/** Who can approve, and who acts for whom, at an instant of the domain's time. */
export type PeopleOf = (tx: Transaction, tenantId: string, now: number) => Promise<People>;
