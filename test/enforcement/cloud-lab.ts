import { pino } from 'pino';
import { FakeCloud, type FakeCloudOptions } from '../../src/connectors/azure/fake/fake-cloud.ts';
import { serveFakeCloud } from '../../src/connectors/azure/fake/serve-fake-cloud.ts';
import type { ExceptionFields } from '../../src/domain/exception/fields.ts';
import { DAY, formatInstant } from '../../src/domain/schedule/instant.ts';
import { grantEnforcement } from '../../src/features/enforcement/grant-work.ts';
import { Lanes } from '../../src/features/enforcement/lanes.ts';
import { recordReader, removalConfirmer } from '../../src/features/exceptions/enforced-records.ts';
import { connectorMaker } from '../../src/main/connectors.ts';
import type { Database } from '../../src/platform/db/transaction.ts';
import type { DueWork } from '../../src/platform/due/due-loop.ts';
import { newUlid } from '../../src/platform/ids.ts';
import { approveAll, command, passed } from '../support/api-records.ts';
import { COMPLETE, START } from '../support/given.ts';
import { createTestApi, type TestApi } from '../support/test-api.ts';

export const SUBSCRIPTION = '11111111-2222-4333-8444-555555555555';
export const DIRECTORY = '99999999-2222-4333-8444-555555555555';
export const PERSON = 'aaaaaaaa-2222-4333-8444-555555555555';
export const READER = 'acdd72a7-3385-48ef-bd42-f606fba81ae7';
export const SCOPE = `/subscriptions/${SUBSCRIPTION}/resourceGroups/shop`;

export const ROLE = {
  kind: 'role-assignment',
  target: SCOPE,
  subject: PERSON,
  permission: READER,
} as const;

function principalOf(value: unknown): string {
  return (value as { properties: { principalId: string } }).properties.principalId;
}

/** A register beside a fake cloud that it reaches. */
export interface CloudLab {
  readonly api: TestApi;
  readonly cloud: FakeCloud;
  /** Puts the connection `azure` in use; whatever its grants lie in unless told. */
  connect(mode: 'observe' | 'remove' | 'manage', subscriptions?: readonly string[]): Promise<void>;
  /** A record in force from now on, for so many days; answers its id. */
  inForce(
    grants: ExceptionFields['grants'],
    days?: number,
    fields?: Partial<ExceptionFields>,
  ): Promise<string>;
  /** The renewal of a record, approved and ready to take over; answers its id. */
  renew(id: string): Promise<string>;
  /** The grants of a record, as they are answered. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape.
  grantsOf(id: string): Promise<any[]>;
  /** A role assignment of somebody whom nothing else is given to. */
  newRole(): Omit<typeof ROLE, 'subject'> & { readonly subject: string };
  /** Moves the cloud's own time on, in milliseconds. */
  passInCloud(milliseconds: number): void;
  /** Role assignments that stand in the cloud; of one principal where one is named. */
  assignments(subject?: string): number;
  /** Puts a role assignment in the cloud, past Lapse. */
  assign(role: { readonly subject: string }, scope?: string, caller?: string): void;
  /** Puts the domain's time, and does nothing. */
  setTime(now: number): Promise<void>;
  /** The domain's time as it was put last. */
  readonly now: number;
  /** One worker of the grants alone, whose database access can be cut. */
  worker(options?: { readonly onTransaction?: () => void }): DueWork;
  /** Changes that calls of Lapse have brought about, as `<operation> <resource>`. */
  changes(subject?: string): string[];
  /** Moves the domain's time on, and does what is then due. */
  moveOn(milliseconds: number): Promise<void>;
  close(): Promise<void>;
}

/** Makes one. Call `close` in `afterAll`. */
export async function createCloudLab(
  options: FakeCloudOptions = {},
  realNow?: () => number,
): Promise<CloudLab> {
  let ahead = 0;
  const cloud = new FakeCloud({ now: () => Date.now() + ahead, ...options });
  cloud.addSubscription(SUBSCRIPTION);
  cloud.addPrincipal(PERSON);
  const served = await serveFakeCloud(cloud);
  const api = await createTestApi({
    simulatedCloud: served.rewrite,
    ...(realNow ? { realNow } : {}),
  });
  let now = START;
  let made = 0;
  return {
    api,
    cloud,
    async connect(mode, subscriptions = []) {
      const reached = { cloud: 'simulated', directory_id: DIRECTORY, subscriptions };
      const body = { connector: 'azure', ...reached, mode };
      const put = await api.send('PUT', '/v1/connections/azure', { as: 'administrator', body });
      if (put.status !== 200) throw new Error(put.text);
    },
    async inForce(grants, days = 10, others = {}) {
      made += 1;
      const fields = {
        ...COMPLETE,
        control: 'rbac-tier-1',
        grants,
        services: [`service-${made}`],
        scope_justification: 'All of them take part in the same move',
        effective_from: formatInstant(now),
        expires_at: formatInstant(now + days * DAY),
        ...others,
      };
      const drafted = await api.send('POST', '/v1/exceptions?submit=true', {
        as: 'requestor',
        body: fields,
      });
      if (drafted.status !== 201) throw new Error(drafted.text);
      const id = drafted.body.exception_id;
      const approved = await approveAll(api, id);
      if (approved.status !== 200) throw new Error(approved.text);
      const active = await command(api, id, 'activate');
      if (active.body.status !== 'Active') throw new Error(active.text);
      return id;
    },
    async renew(id) {
      const { exception_id: renewal } = passed(await command(api, id, 'renew'));
      passed(await command(api, renewal, 'submit'));
      passed(await approveAll(api, renewal));
      passed(await command(api, renewal, 'activate'));
      return renewal;
    },
    async grantsOf(id) {
      const { body } = await api.send('GET', `/v1/grants?exception_id=${id}`, { as: 'requestor' });
      return body.items;
    },
    passInCloud(milliseconds) {
      ahead += milliseconds;
    },
    newRole() {
      const subject = crypto.randomUUID();
      cloud.addPrincipal(subject);
      return { ...ROLE, subject };
    },
    assignments: (subject) =>
      cloud.store
        .list('assignment:')
        .filter(([, value]) => subject === undefined || principalOf(value) === subject).length,
    assign({ subject }, scope = SCOPE, caller = 'somebody') {
      const answer = cloud.answer({
        method: 'PUT',
        host: 'management.azure.com',
        path: `${scope}/providers/Microsoft.Authorization/roleAssignments/${crypto.randomUUID()}`,
        query: new URLSearchParams('api-version=2022-04-01'),
        body: { properties: { principalId: subject, roleDefinitionId: READER } },
        caller,
      });
      if (answer?.status !== 201) throw new Error(JSON.stringify(answer));
    },
    async setTime(at) {
      now = at;
      await api.admin.query(
        `UPDATE lapse.test_clock
         SET offset_ms = $1 - floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint`,
        [at],
      );
    },
    get now() {
      return now;
    },
    worker({ onTransaction } = {}) {
      const { db, master } = api.register;
      const watched: Database = {
        connection: db.connection,
        roundTrips: 0,
        close: async () => {},
        inTenant: (reach, run) => db.inTenant(reach, run),
        inRetention: (tenantId, run) => db.inRetention(tenantId, run),
        inSystem: async (run) => {
          onTransaction?.();
          return db.inSystem(run);
        },
      };
      const { policies } = api.lapse;
      const parts = {
        db: watched,
        recordsOf: recordReader(policies),
        confirmRemoval: removalConfirmer(policies),
        connectorFor: connectorMaker({ db, master, insideHosts: [], simulated: served.rewrite }),
        lanes: new Lanes(Date.now),
        newId: newUlid,
      };
      return grantEnforcement(parts, pino({ level: 'silent' }));
    },
    changes: (subject) =>
      cloud.log.flatMap(({ changes, caller }) =>
        changes
          .filter(({ response }) => subject === undefined || principalOf(response) === subject)
          .filter(() => caller.startsWith('lapse-'))
          .map(({ operation, id }) => `${operation} ${id}`),
      ),
    async moveOn(milliseconds) {
      now += milliseconds;
      await api.moveTo(now);
    },
    async close() {
      await api.close();
      await served.close();
    },
  };
}
