import type { Actor } from '../../src/domain/access/actor.ts';
import type { ExceptionCommand } from '../../src/domain/exception/commands.ts';
import type { ExceptionFields } from '../../src/domain/exception/fields.ts';
import { openRequirements } from '../../src/domain/policy/approval-progress.ts';
import { DAY, formatInstant } from '../../src/domain/schedule/instant.ts';
import { ExceptionService } from '../../src/features/exceptions/exception-service.ts';
import { PolicyStore } from '../../src/features/policy/policy-store.ts';
import { assertWritable } from '../../src/features/tenants/tenant-service.ts';
import type { Database } from '../../src/platform/db/transaction.ts';
import { fully } from '../support/fully.ts';
import { alsoOwnedBy, COMPLETE, EDITOR, personOf, REQUESTOR } from '../support/given.ts';
import { APPROVERS } from './cast.ts';
import { grantsFor, WIDE } from './cloud-places.ts';
import { connectTenants } from './connections.ts';
import type { Random } from './random.ts';
import type { World } from './world.ts';

/** Records of each tenant that are in force when an episode begins. */
const IN_FORCE = 4;

/**
 * What is there when an episode begins: each tenant has its connection, and records in force that list
 * grants, so that their ends come within the episode.
 */
export async function begin(world: World, db: Database, random: Random): Promise<void> {
  await connectTenants(world, db);
  const policies = new PolicyStore(world.policy);
  const peopleOf = async () => ({ approvers: APPROVERS, delegations: [] });
  const barredOf = async () => [];
  const service = new ExceptionService({ db, policies, assertWritable, peopleOf, barredOf });
  for (const [index, tenantId] of world.tenants.entries()) {
    for (let made = 1; made <= IN_FORCE; made += 1) {
      const { now } = world.clock;
      const fields: ExceptionFields = {
        ...COMPLETE,
        ...alsoOwnedBy(EDITOR),
        control: 'rbac-tier-1',
        impact: 'Low',
        grants: grantsFor(random, index + 1),
        scope_justification: WIDE,
        services: [`service-${made}`],
        effective_from: formatInstant(now),
        expires_at: formatInstant(now + random.int(1, 20) * DAY),
      };
      await bringIntoForce(service, tenantId, { type: 'DraftException', fields });
    }
  }
}

async function bringIntoForce(
  service: ExceptionService,
  tenantId: string,
  draft: Extract<ExceptionCommand, { type: 'DraftException' }>,
): Promise<void> {
  const as = (actor: Actor) => ({ ...fully(tenantId), actor });
  let { record } = await service.create(as(REQUESTOR), draft, true);
  const act = async (actor: Actor, command: ExceptionCommand) => {
    ({ record } = await service.execute(as(actor), record.id, command));
  };
  for (;;) {
    const { request, approvals } = record.state;
    const [open] = openRequirements(request?.requirements ?? [], approvals);
    if (!open) break;
    await act(personOf(open.role as Actor['role']), {
      type: 'ApproveException',
      reason: 'it is needed, and it ends soon enough',
    });
  }
  await act(REQUESTOR, { type: 'ActivateException' });
}
