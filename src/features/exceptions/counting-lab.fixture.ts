import { expect } from 'vitest';
import { fully } from '../../../test/support/fully.ts';
import {
  APPROVER,
  COMPLETE,
  personOf,
  RENEWAL,
  REQUESTOR,
  START,
} from '../../../test/support/given.ts';
import { samePolicy } from '../../../test/support/same-policy.ts';
import type { TestApi } from '../../../test/support/test-api.ts';
import type { Actor } from '../../domain/access/actor.ts';
import { DomainError } from '../../domain/errors.ts';
import type { ExceptionCommand } from '../../domain/exception/commands.ts';
import type { ExceptionFields } from '../../domain/exception/fields.ts';
import type { ExceptionState } from '../../domain/exception/state.ts';
import { openRequirements } from '../../domain/policy/approval-progress.ts';
import { BUILT_IN_POLICY } from '../../domain/policy/built-in-policy.ts';
import type { Instant } from '../../domain/schedule/instant.ts';
import { exceptionCounts } from './exception-count-work.ts';
import { counted, type Recount, recounted } from './exception-counts.fixture.ts';
import type { Answer } from './exception-service.ts';
import { exceptionDeadlines } from './exception-work.ts';

/** A whole application whose time and due work are in the hands of a test. */
export class CountingLab {
  readonly api: TestApi;

  constructor(api: TestApi) {
    this.api = api;
  }

  /** One batch of deltas, as a worker adds it up. */
  addUp(): Promise<number> {
    return exceptionCounts(this.api.register.db).runBatch();
  }

  async addAllUp(): Promise<void> {
    while ((await this.addUp()) > 0);
  }

  sweep(): Promise<number> {
    return exceptionDeadlines(this.api.register.db, samePolicy(BUILT_IN_POLICY)).runBatch();
  }

  /** Moves the time, and leaves undone what is then due. */
  setClock(now: Instant) {
    return this.api.admin.query(
      `UPDATE lapse.test_clock
       SET offset_ms = $1 - floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint`,
      [now],
    );
  }

  async newTenant(now: Instant = START): Promise<string> {
    await this.setClock(now);
    return (await this.api.addTenant()).tenantId;
  }

  /** Both in one transaction, so that they see one time; nothing else may run beside it. */
  async expectExact(tenantId: string): Promise<void> {
    await this.api.register.db.inTenant(fully(tenantId), async (tx) => {
      expect(await counted(tx, tenantId)).toEqual(await recounted(tx, tenantId));
    });
  }

  counted(tenantId: string): Promise<Recount> {
    return this.api.register.db.inTenant(fully(tenantId), (tx) => counted(tx, tenantId));
  }

  /** A draft that is complete but for the fields that are given as undefined. */
  async draft(tenantId: string, given: Partial<ExceptionFields> = {}): Promise<ExceptionState> {
    const fields = { ...COMPLETE, ...given };
    const known = Object.entries(fields).filter(([, value]) => value !== undefined);
    const command = {
      type: 'DraftException' as const,
      fields: Object.fromEntries(known) as ExceptionFields,
    };
    const caller = { ...fully(tenantId), actor: REQUESTOR };
    return (await this.api.lapse.exceptions.service.create(caller, command, false)).record.state;
  }

  /** The record after a command; undefined where that is refused. */
  async execute(
    tenantId: string,
    actor: Actor,
    id: string,
    command: ExceptionCommand,
  ): Promise<ExceptionState | undefined> {
    const { service } = this.api.lapse.exceptions;
    const after = await unlessRefused(service.execute({ ...fully(tenantId), actor }, id, command));
    if (!after || command.type !== 'ApproveException' || after.status !== 'Under-Review')
      return after;
    // An approver brings everybody along who has to approve.
    const [needed] = openRequirements(after.request?.requirements ?? [], after.approvals);
    const next = personOf(needed?.role as Actor['role']);
    return (await this.execute(tenantId, next, id, command)) ?? after;
  }

  async renew(tenantId: string, id: string): Promise<ExceptionState | undefined> {
    const { service } = this.api.lapse.exceptions;
    return unlessRefused(service.renew({ ...fully(tenantId), actor: REQUESTOR }, id, RENEWAL));
  }

  /** A draft and so many steps of its way into force, as far as nothing is missing; its id. */
  async active(tenantId: string, given: Partial<ExceptionFields> = {}, ahead = 3): Promise<string> {
    const { exception_id: id } = await this.draft(tenantId, given);
    for (const [actor, command] of USUAL_WAY.slice(0, ahead))
      await this.execute(tenantId, actor, id, command);
    return id;
  }
}

const USUAL_WAY: readonly (readonly [Actor, ExceptionCommand])[] = [
  [REQUESTOR, { type: 'SubmitException' }],
  [APPROVER, { type: 'ApproveException', reason: 'the risk is contained' }],
  [REQUESTOR, { type: 'ActivateException' }],
];

async function unlessRefused(command: Promise<Answer>): Promise<ExceptionState | undefined> {
  try {
    return (await command).record.state;
  } catch (error) {
    if (error instanceof DomainError) return undefined;
    throw error;
  }
}
