import type { Principal } from '../../src/domain/access/principal.ts';
import { connectionSettings } from '../../src/domain/enforcement/connection.ts';
import type { Mode } from '../../src/domain/enforcement/connector.ts';
import { ConnectionService } from '../../src/features/enforcement/connection-service.ts';
import { assertWritable } from '../../src/features/tenants/tenant-service.ts';
import type { Database } from '../../src/platform/db/transaction.ts';
import type { IdempotentRequest } from '../../src/platform/http/idempotency.ts';
import { fully } from '../support/fully.ts';
import { personOf, REQUESTOR } from '../support/given.ts';
import { ADMINISTRATOR } from './cast.ts';
import { subscriptionsOf } from './cloud-places.ts';
import type { GrantMirror } from './grant-mirror.ts';
import type { Wish } from './intent.ts';
import type { Random } from './random.ts';
import type { World } from './world.ts';

/** What somebody says who attests that something is gone. */
export const ATTESTATION = {
  statement: 'it was taken away by hand',
  links: ['https://example.com/log'],
};

type Tenancy = Pick<World, 'master' | 'tenants'>;

/** Puts the one connection of a tenant in a mode; it bears the tenant's number. */
export function putConnection(
  { master, tenants }: Tenancy,
  db: Database,
  principal: Principal,
  mode: Mode,
  idempotency?: IdempotentRequest,
) {
  const number = tenants.indexOf(principal.tenantId) + 1;
  const settings = connectionSettings.parse({
    ...{ connector: 'azure', cloud: 'simulated', mode },
    directory_id: '99999999-0000-4000-8000-000000000000',
    subscriptions: subscriptionsOf(number),
  });
  const operatorsTenant = async () => undefined;
  const service = new ConnectionService({ db, master, assertWritable, operatorsTenant });
  return service.put(principal, `azure-${number}`, settings, idempotency);
}

/** Every tenant begins with a connection through which Lapse manages everything. */
export async function connectTenants(tenancy: Tenancy, db: Database): Promise<void> {
  for (const tenantId of tenancy.tenants) {
    const actor = { ...ADMINISTRATOR, role: 'administrator' } as const;
    await putConnection(tenancy, db, { ...fully(tenantId), actor }, 'manage');
  }
}

/** Lapse is to go less far, or all the way again. */
export function wishForConnection(random: Random, tenantId: string): Wish {
  const actor = random.inThousand(80) ? REQUESTOR : ADMINISTRATOR;
  const mode = random.pick(['manage', 'manage', 'remove', 'observe'] as const);
  return { tenantId, actor, request: { type: 'put-connection', mode } };
}

/** Somebody says that something is gone; nothing where nobody is asked. */
export function wishForAttestation(
  random: Random,
  tenantId: string,
  grants: GrantMirror,
): Wish | undefined {
  const open = grants.all.filter(
    ({ tenantId: own, state: { task } }) => own === tenantId && task && !task.ended,
  );
  const grant = random.pickAny(open);
  if (!grant) return undefined;
  const actor = random.inThousand(80) ? REQUESTOR : personOf('platform');
  const request = { type: 'attest', task: grant.state.task?.task_id ?? '' } as const;
  return { tenantId, actor, target: grant.id, request };
}
