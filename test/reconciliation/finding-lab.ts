import { MINUTE } from '../../src/domain/schedule/instant.ts';
import { type CloudLab, createCloudLab, PERSON, READER, SCOPE } from '../enforcement/cloud-lab.ts';
import type { TestAnswer } from '../support/test-api.ts';

/** Where roles are assigned unless told. */
export const GROUP = SCOPE;
/** A reason that is long enough. */
export const REASON = 'looked at together with the team of the shop';

/** A register beside a cloud in which people assign roles past Lapse. */
export interface FindingLab extends Omit<CloudLab, 'assign'> {
  /** Assigns a role to somebody, as a person would. */
  assign(role?: string, scope?: string): void;
  /** Takes one away again, as a person would. */
  unassign(role?: string, scope?: string): void;
  /** Compares, and answers the report. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape.
  reconcile(): Promise<any>;
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  report(id: string): Promise<any>;
  /** The reports, newest first. */
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  reports(): Promise<any[]>;
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  findings(query?: string): Promise<any[]>;
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  finding(id: string): Promise<any>;
  /** Answers a finding. */
  answer(id: string, name: 'adopt' | 'remove' | 'accept', body?: unknown): Promise<TestAnswer>;
  /** Open tasks about a finding. */
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  tasksOf(id: string): Promise<any[]>;
}

/** Makes one. Call `close` in `afterAll`. */
export async function createFindingLab(): Promise<FindingLab> {
  const lab = await createCloudLab();
  const { api, cloud } = lab;
  const names = new Map<string, string>();
  const ask = (method: string, role: string, scope: string, name: string) =>
    cloud.answer({
      ...{ method, host: 'management.azure.com', caller: 'somebody' },
      path: `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`,
      query: new URLSearchParams('api-version=2022-04-01'),
      body: { properties: { principalId: PERSON, roleDefinitionId: role } },
    });
  const report = async (id: string) =>
    (await api.send('GET', `/v1/reconciliations/${id}`, { as: 'auditor' })).body;
  return {
    ...lab,
    get now() {
      return lab.now;
    },
    assign(role = READER, scope = GROUP) {
      const name = crypto.randomUUID();
      names.set(`${role} ${scope}`, name);
      const answer = ask('PUT', role, scope, name);
      if (answer?.status !== 201) throw new Error(JSON.stringify(answer));
    },
    unassign(role = READER, scope = GROUP) {
      ask('DELETE', role, scope, names.get(`${role} ${scope}`) ?? '');
    },
    async reconcile() {
      const begun = await api.send('POST', '/v1/reconciliations', { as: 'platform' });
      if (begun.status !== 202) throw new Error(begun.text);
      // The domain's time flows between moves: on from it, never back.
      await lab.moveOn(MINUTE);
      return report(begun.body.reconciliation_id);
    },
    report,
    async reports() {
      return (await api.send('GET', '/v1/reconciliations', { as: 'auditor' })).body.items;
    },
    async findings(query = '') {
      return (await api.send('GET', `/v1/findings?${query}`, { as: 'auditor' })).body.items;
    },
    async finding(id) {
      return (await api.send('GET', `/v1/findings/${id}`, { as: 'auditor' })).body;
    },
    answer: (id, name, body) =>
      api.send('POST', `/v1/findings/${id}/${name}`, {
        as: 'security',
        ...(body === undefined ? {} : { body }),
      }),
    async tasksOf(id) {
      const { body } = await api.send('GET', '/v1/tasks', { as: 'platform' });
      return body.items.filter(({ subject_id }: { subject_id: string }) => subject_id === id);
    },
  };
}
