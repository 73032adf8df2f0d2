import type { Role } from '../../src/domain/access/actor.ts';
import type { Permission } from '../../src/domain/access/permissions.ts';
import { assertPermitted } from '../../src/domain/access/principal.ts';
import { DelegationService } from '../../src/features/delegations/delegation-service.ts';
import { readDelegations } from '../../src/features/delegations/delegation-store.ts';
import { RemovalService } from '../../src/features/enforcement/removal-service.ts';
import { draftAll, existingIds } from '../../src/features/exceptions/exception-drafts.ts';
import { type Answer, ExceptionService } from '../../src/features/exceptions/exception-service.ts';
import { toAnswer } from '../../src/features/exceptions/exception-wire.ts';
import { type PeopleOf, policyOf } from '../../src/features/exceptions/tenant-policies.ts';
import { TokenService } from '../../src/features/identity/token-service.ts';
import { ImportService } from '../../src/features/imports/import-service.ts';
import { EpochService } from '../../src/features/ledger/epoch-service.ts';
import { PolicyService } from '../../src/features/policy/policy-service.ts';
import type { PolicyStore } from '../../src/features/policy/policy-store.ts';
import {
  assertWritable,
  lockTenant,
  resumeWriting,
  tenantState,
} from '../../src/features/tenants/tenant-service.ts';
import type { CheckpointStore } from '../../src/journal/checkpoint-store.ts';
import type { Database } from '../../src/platform/db/transaction.ts';
import { fully } from '../support/fully.ts';
import { APPROVERS } from './cast.ts';
import { ATTESTATION, putConnection } from './connections.ts';
import type { Intent, Outcome, Request } from './intent.ts';
import { keyOf } from './mirror.ts';
import type { World } from './world.ts';

/** Everybody of the cast can approve, without a token; who acts for whom is in the database. */
const simulatedPeople: PeopleOf = async (tx, tenantId, now) => ({
  approvers: APPROVERS,
  delegations: await readDelegations(tx, tenantId, now),
});

/** What a `lapse serve` answers with: its database, and its folder of checkpoints. */
export interface Server {
  readonly db: Database;
  readonly checkpoints: CheckpointStore;
  readonly policies: PolicyStore;
}

/** Does what a request asks for as its route does: who may not, is refused before anything is read. */
export async function perform(world: World, server: Server, intent: Intent): Promise<Outcome> {
  const { caller, wish } = intent;
  const { tenantId, idempotency } = caller;
  const { request, target = '', expected } = wish;
  const principal = {
    ...fully(tenantId),
    actor: { ...caller.actor, role: wish.actor.role as Role },
  };
  assertPermitted(principal, permissionFor(request));
  const { db, checkpoints } = server;
  const { master } = world;
  const { policies } = server;
  const exceptions = new ExceptionService({
    ...{ db, policies, assertWritable },
    peopleOf: simulatedPeople,
    barredOf: async () => [],
  });
  switch (request.type) {
    case 'create':
      return ofRecord(await exceptions.create(caller, request.command, request.submit));
    case 'renew':
      return ofRecord(await exceptions.renew(caller, target, request.renewal, expected));
    case 'command':
      return ofRecord(await exceptions.execute(caller, target, request.command, expected));
    case 'import': {
      const { status, answer } = await imports(server).run(caller, fileOf(request.file), false);
      const made = answer.created.map(({ exception_id: id = '' }) => ({ id, version: 1 }));
      return { wire: [status, answer], streams: made };
    }
    case 'issue-token': {
      const { token } = await tokens(world, db).create(principal, request.token, idempotency);
      return { wire: token, streams: [{ id: token.token_id, version: 1 }] };
    }
    case 'revoke-token': {
      const token = await tokens(world, db).revoke(principal, target, idempotency);
      return { wire: token, streams: [{ id: token.token_id, version: 2 }] };
    }
    case 'put-policy': {
      const service = new PolicyService({ db, store: policies, assertWritable });
      const before = await service.inForce(tenantId);
      const put = await service.put(
        principal,
        request.pack,
        before.version?.version ?? 0,
        idempotency,
      );
      const version = put.version?.version ?? 0;
      return {
        wire: [put.digest, put.version],
        streams: [{ id: keyOf('policy', tenantId), version }],
      };
    }
    case 'put-connection': {
      const put = await putConnection(world, db, principal, request.mode, idempotency);
      return { wire: put.state, streams: [{ id: put.state.name, version: put.version }] };
    }
    case 'attest': {
      const service = new RemovalService({ db, assertWritable });
      const state = await service.attest(principal, request.task, ATTESTATION, idempotency);
      return { wire: state.attested, streams: [{ id: target, version: 1 }] };
    }
    case 'delegate': {
      const made = await delegations(server).delegate(principal, request.wanted, idempotency);
      return { wire: made, streams: [{ id: made.delegation.delegation_id, version: 1 }] };
    }
    case 'end-delegation': {
      const ended = await delegations(server).end(principal, target, 'back', idempotency);
      return { wire: ended, streams: [{ id: target, version: 2 }] };
    }
    case 'open-epoch': {
      const services = { db, master, checkpoints, tenantState, lockTenant, resumeWriting };
      const opened = await new EpochService(services).open(principal, request.reason, idempotency);
      return { wire: opened, streams: [{ id: tenantId, version: 1 }] };
    }
  }
}

function permissionFor(request: Request): Permission {
  switch (request.type) {
    case 'issue-token':
    case 'revoke-token':
      return 'token:manage';
    case 'open-epoch':
      return 'ledger:open-epoch';
    case 'put-connection':
      return 'connection:manage';
    case 'attest':
      return 'removal:attest';
    case 'put-policy':
      return 'policy:put';
    case 'delegate':
      return 'exception:approve';
    case 'command':
      return /^(Approve|Reject|RequestChanges)/.test(request.command.type)
        ? 'exception:approve'
        : 'exception:write';
    default:
      return 'exception:write';
  }
}

function ofRecord({ status, record, now }: Answer): Outcome {
  const { id, version, state, tenantId } = record;
  return {
    wire: [status, toAnswer(state, version, tenantId, now)],
    streams: [{ id, version, state }],
  };
}

function imports({ db, policies }: Server): ImportService {
  return new ImportService({
    db,
    policyOf: (tx, tenantId, at) => policyOf(policies, tx, tenantId, at),
    assertWritable,
    register: { draftAll, existingIds },
  });
}

function fileOf(text: string) {
  return {
    form: { format: 'jsonl', columns: new Map() } as const,
    async *read() {
      yield Buffer.from(text);
    },
  };
}

function delegations({ db, policies }: Server): DelegationService {
  return new DelegationService({
    ...{ db, assertWritable, peopleOf: simulatedPeople },
    policyOf: (tx, tenantId) => policyOf(policies, tx, tenantId),
  });
}

/** Tokens go by real time, which is the simulation's here. */
function tokens({ clock }: World, db: Database): TokenService {
  return new TokenService(
    db,
    () => {},
    () => clock.now,
  );
}
