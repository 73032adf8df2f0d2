import { APPROVAL_ROLES } from '../domain/access/actor.ts';
import type { People } from '../domain/delegation/people.ts';
import { readDelegations } from '../features/delegations/delegation-store.ts';
import type { FetchRules } from '../features/identity/bounded-fetch.ts';
import { IssuerKeys } from '../features/identity/issuer-keys.ts';
import { readHoldersOf } from '../features/identity/person-store.ts';
import type { ProviderService } from '../features/identity/provider-service.ts';
import type { SignInChoice } from '../features/identity/sign-in-routes.ts';
import { readHolders } from '../features/identity/token-store.ts';
import { WorkloadService } from '../features/identity/workload-service.ts';
import { WorkloadSignIn } from '../features/identity/workload-sign-in.ts';
import { tenantIds } from '../features/tenants/tenant-service.ts';
import type { Database, Transaction } from '../platform/db/transaction.ts';

interface WorkloadParts {
  readonly db: Database;
  readonly realNow: () => number;
  readonly asking: FetchRules;
}

/** Workloads, whose tokens are for `<public address>/<tenant>` unless a binding says otherwise. */
export function composeWorkloads(publicUrl: string, { db, realNow, asking }: WorkloadParts) {
  const prefix = `${publicUrl}/`;
  const audienceOf = (tenantId: string) => prefix + tenantId;
  const tenantOf = (audience: string) =>
    audience.startsWith(prefix) ? audience.slice(prefix.length) : undefined;
  const onChanged = (tenantId: string) => workloadSignIn.forget(tenantId);
  const workloads = new WorkloadService({ db, realNow, audienceOf, tenantOf, onChanged });
  const workloadSignIn = new WorkloadSignIn({
    ...{ tenantOf, realNow, keys: new IssuerKeys(asking) },
    workloadsOf: (tenantId) => workloads.list(tenantId),
  });
  return { workloads, workloadSignIn };
}

/** The providers of a tenant to sign in with; of the only tenant where none is named. */
export async function signInChoice(
  db: Database,
  providers: ProviderService,
  wanted: string | undefined,
): Promise<SignInChoice> {
  const ids = await db.inSystem((tx) => tenantIds(tx));
  const tenant =
    wanted === undefined && ids.length === 1 ? ids[0] : ids.find((id) => id === wanted);
  const rows = tenant === undefined ? [] : await providers.list(tenant);
  const names = rows.map(({ state: { name, settings } }) => ({ name, label: settings.label }));
  return { tenant, providers: names };
}

/** Reads who can approve, people and tokens, these in real time, and who acts for whom in the domain's. */
export function peopleReader(realNow: () => number) {
  return async (tx: Transaction, tenantId: string, now: number): Promise<People> => {
    const roles = ['approver', ...APPROVAL_ROLES] as const;
    const [people, tokens, delegations] = await Promise.all([
      readHoldersOf(tx, tenantId, roles),
      readHolders(tx, tenantId, roles, realNow()),
      readDelegations(tx, tenantId, now),
    ]);
    return { approvers: [...people, ...tokens], delegations };
  };
}
