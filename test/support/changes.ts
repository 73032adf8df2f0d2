import { BUILT_IN_POLICY } from '../../src/domain/policy/built-in-policy.ts';
import { DAY, formatInstant } from '../../src/domain/schedule/instant.ts';
import { strikeCounter } from '../../src/features/identity/strikes.ts';
import { writeRecords } from '../due/due-records.ts';
import { COMMAND_BODIES, command, draft, recordIn } from './api-records.ts';
import { COMPLETE, inStatus, permanent, START, type Story } from './given.ts';
import { raisedAlert } from './raised-alert.ts';
import { signedIn } from './signing-people.ts';
import { openFinding } from './stored-finding.ts';
import type { TestApi, TestRequest } from './test-api.ts';

/** What a route's change needs: where it goes, who sends it, with what. */
export interface Prepared extends TestRequest {
  readonly url: string;
  readonly body?: unknown;
}

/** A record of the requestor's token. */
const OWN = { requestor: { name: 'requestor', email: 'requestor@lapse.test' } };
const DELEGATION = {
  to: 'dpo@lapse.test',
  until: formatInstant(START + 10 * DAY),
  reason: 'on leave',
};
const CONNECTION = {
  connector: 'azure',
  directory_id: '99999999-2222-4333-8444-555555555555',
};
const GATEWAY = {
  connector: 'webhook',
  kinds: ['vpn-account'],
  url: 'https://vpn.example.com',
};
const PROVIDER = { label: 'Work', issuer: 'https://id.example.com', client_id: 'lapse' };
const WORKLOAD = {
  name: 'deploy',
  issuer: 'https://ci.example.com',
  claims: { sub: 'deploy' },
  role: 'requestor',
};
const LEFT = { reason: 'left the company' };

const change = (
  url: string,
  body: unknown,
  as: NonNullable<TestRequest['as']> = 'requestor',
): Prepared => ({ url, body, as });

/**
 * Every change that the API knows, by its route, with a record or row on which it passes. `realNow` is
 * the time that sessions go by.
 */
export function changesOf(
  api: TestApi,
  realNow: () => number,
): Readonly<Record<string, () => Promise<Prepared>>> {
  async function onRecord(
    status: Parameters<typeof recordIn>[1],
    name: string,
    as?: 'approver',
  ): Promise<Prepared> {
    const { exception_id } = await recordIn(api, status);
    return change(`/v1/exceptions/${exception_id}/${name}`, COMMAND_BODIES[name], as);
  }

  /** On a record that a story has brought about. */
  async function onStory(
    story: Story,
    name: string,
    as?: 'executive-leadership',
  ): Promise<Prepared> {
    const [id] = await writeRecords(api.register.db, api.tenantId, story, 1);
    return change(`/v1/exceptions/${id}/${name}`, COMMAND_BODIES[name], as);
  }

  /** On a tenant of its own. */
  async function onTenant(path: string): Promise<Prepared> {
    const { tenantId } = await api.addTenant();
    return change(`/v1/tenants/${tenantId}${path}`, LEFT, 'operator');
  }

  async function personAtDevice() {
    const someone = await signedIn(api, 'device@example.com', { now: realNow() });
    const headers = someone.headers;
    const { body } = await api.send('POST', '/v1/me/passkeys/challenge', { headers });
    return { headers, body, device: someone.device };
  }

  async function person(): Promise<string> {
    const added = await api.send('POST', '/v1/people', {
      as: 'administrator',
      body: { name: 'P' },
    });
    return added.body.person_id;
  }

  async function group(): Promise<string> {
    const body = { displayName: 'G' };
    return (await api.send('POST', '/scim/v2/Groups', { as: 'directory', body })).body.id;
  }

  return {
    'POST /v1/exceptions': async () => change('/v1/exceptions?submit=true', COMPLETE),
    'PATCH /v1/exceptions/:id': async () => {
      const { exception_id } = await draft(api);
      const headers = { 'if-match': '"1"' };
      return { ...change(`/v1/exceptions/${exception_id}`, { title: 'other' }), headers };
    },
    'POST /v1/exceptions/:id/submit': () => onRecord('Draft', 'submit'),
    'POST /v1/exceptions/:id/request-changes': () =>
      onRecord('Under-Review', 'request-changes', 'approver'),
    'POST /v1/exceptions/:id/withdraw': () => onRecord('Under-Review', 'withdraw'),
    'POST /v1/exceptions/:id/approve': () => onRecord('Under-Review', 'approve', 'approver'),
    'POST /v1/exceptions/:id/reject': () => onRecord('Under-Review', 'reject', 'approver'),
    'POST /v1/exceptions/:id/activate': () => onRecord('Approved', 'activate'),
    'POST /v1/exceptions/:id/request-extension': () => onRecord('Active', 'request-extension'),
    'POST /v1/exceptions/:id/revoke': () => onRecord('Active', 'revoke'),
    'POST /v1/exceptions/:id/close': () => onRecord('Active', 'close'),
    'POST /v1/exceptions/:id/archive': () => onRecord('Closed', 'archive'),
    'POST /v1/exceptions/:id/renew': () => onRecord('Active', 'renew'),
    'POST /v1/exceptions/:id/make-permanent': () =>
      onStory(inStatus('Active', OWN, undefined, 3), 'make-permanent'),
    'POST /v1/exceptions/:id/complete-review': () =>
      onStory(permanent(OWN).after(340 * DAY), 'complete-review'),
    'POST /v1/exceptions/:id/reassess-risk': () => onRecord('Active', 'reassess-risk'),
    'POST /v1/exceptions/:id/require-rearchitecture': () =>
      // Activated on the first of a month.
      onStory(
        inStatus('Active', {}, undefined, 4).after(0),
        'require-rearchitecture',
        'executive-leadership',
      ),
    'POST /v1/exceptions/:id/evidence': () => onRecord('Active', 'evidence'),
    'POST /v1/exceptions/:id/violations': () => onRecord('Active', 'violations'),
    'POST /v1/exceptions/:id/comments': () => onRecord('Draft', 'comments'),
    'POST /v1/delegations': async () => change('/v1/delegations', DELEGATION, 'ciso'),
    'POST /v1/delegations/:id/end': async () => {
      const { body } = await api.send('POST', '/v1/delegations', { as: 'ciso', body: DELEGATION });
      return change(`/v1/delegations/${body.delegation_id}/end`, {}, 'ciso');
    },
    'PUT /v1/policy': async () => {
      const { headers } = await api.send('GET', '/v1/policy', { as: 'administrator' });
      const pack = { ...BUILT_IN_POLICY, id: `after-${headers.etag}` };
      const put = change('/v1/policy', pack, 'administrator');
      return { ...put, headers: { 'if-match': String(headers.etag) } };
    },
    'POST /v1/ledger/epochs': async () => {
      await api.admin.query("UPDATE lapse.tenants SET state = 'read-only'");
      return change('/v1/ledger/epochs', { reason: 'restored' }, 'administrator');
    },
    'POST /v1/tasks/:id/retry': async () => {
      await api.admin.query(
        `INSERT INTO lapse.tasks (tenant_id, task_id, kind, subject_type, subject_id, detail, opened_at)
       VALUES ($1, 'task_1', 'quarantine', 'exception', 'EXC_1', 'x', now())`,
        [api.tenantId],
      );
      return change('/v1/tasks/task_1/retry', undefined, 'administrator');
    },
    'POST /v1/tokens': async () =>
      change('/v1/tokens', { name: 'ci', role: 'auditor' }, 'administrator'),
    'DELETE /v1/tokens/:id': async () => {
      const body = { name: 'ci', role: 'auditor' };
      const made = await api.send('POST', '/v1/tokens', { as: 'administrator', body });
      return change(`/v1/tokens/${made.body.token_id}`, undefined, 'administrator');
    },
    'POST /v1/people': async () => change('/v1/people', { name: 'New' }, 'administrator'),
    'PATCH /v1/people/:id': async () =>
      change(`/v1/people/${await person()}`, { name: 'Renamed' }, 'administrator'),
    'POST /v1/people/:id/deactivate': async () =>
      change(`/v1/people/${await person()}/deactivate`, LEFT, 'administrator'),
    'POST /v1/people/:id/reactivate': async () => {
      const url = `/v1/people/${await person()}`;
      await api.send('POST', `${url}/deactivate`, { as: 'administrator', body: LEFT });
      return change(`${url}/reactivate`, { reason: 'came back' }, 'administrator');
    },
    'PUT /v1/groups/:id/access': async () =>
      change(`/v1/groups/${await group()}/access`, { roles: [] }, 'administrator'),
    'DELETE /v1/groups/:id/access': async () => {
      const url = `/v1/groups/${await group()}/access`;
      await api.send('PUT', url, { as: 'administrator', body: { roles: [] } });
      return change(url, undefined, 'administrator');
    },
    'POST /v1/tasks/:id/resolve': async () => {
      await api.admin.query(
        `INSERT INTO lapse.tasks (tenant_id, task_id, kind, subject_type, subject_id, detail, opened_at)
       VALUES ($1, 'task_2', 'reassign', 'person', 'per_1', 'x', now())`,
        [api.tenantId],
      );
      return change('/v1/tasks/task_2/resolve', undefined, 'administrator');
    },
    'PUT /v1/connections/:name': async () =>
      change('/v1/connections/azure', CONNECTION, 'administrator'),
    'DELETE /v1/connections/:name': async () => {
      await api.send('PUT', '/v1/connections/old', { as: 'administrator', body: CONNECTION });
      return change('/v1/connections/old', undefined, 'administrator');
    },
    'POST /v1/removal-tasks/:id/attest': async () => {
      const grants = [{ kind: 'account', target: crypto.randomUUID() }];
      const granted = inStatus('Active', { grants });
      const [id] = await writeRecords(api.register.db, api.tenantId, granted, 1);
      await command(api, `${id}`, 'revoke', 'approver');
      await api.lapse.loop.settle();
      const { body } = await api.send('GET', `/v1/grants?exception_id=${id}`, { as: 'platform' });
      const url = `/v1/removal-tasks/${body.items[0].removal_task.task_id}/attest`;
      const links = ['https://example.com/log'];
      return change(url, { statement: 'the account is deleted', links }, 'platform');
    },
    'POST /v1/connections/:name/event-secret': async () => {
      await api.send('PUT', '/v1/connections/azure', { as: 'administrator', body: CONNECTION });
      return change('/v1/connections/azure/event-secret', undefined, 'administrator');
    },
    'POST /v1/alerts/:id/answer': async () => {
      const id = await raisedAlert(api.register.db, api.tenantId);
      return change(`/v1/alerts/${id}/answer`, LEFT, 'security');
    },
    'POST /v1/people/:id/lift-strikes': async () => {
      const personId = await person();
      const strike = { tenantId: api.tenantId, personId, alertId: 'ALT_1', by: {} };
      await api.register.db.inSystem((tx) => strikeCounter(realNow)(tx, strike));
      return change(`/v1/people/${personId}/lift-strikes`, LEFT, 'security');
    },
    'PUT /v1/providers/:name': async () => change('/v1/providers/work', PROVIDER, 'administrator'),
    'DELETE /v1/providers/:name': async () => {
      await api.send('PUT', '/v1/providers/old', { as: 'administrator', body: PROVIDER });
      return change('/v1/providers/old', undefined, 'administrator');
    },
    'POST /v1/workloads': async () => change('/v1/workloads', WORKLOAD, 'administrator'),
    'DELETE /v1/workloads/:id': async () => {
      const made = await api.send('POST', '/v1/workloads', { as: 'administrator', body: WORKLOAD });
      return change(`/v1/workloads/${made.body.workload_id}`, undefined, 'administrator');
    },
    'POST /v1/me/passkeys': async () => {
      const { headers, device, body } = await personAtDevice();
      const credential = device.create(body);
      return { url: '/v1/me/passkeys', headers, body: { name: 'A device', credential } };
    },
    'DELETE /v1/me/passkeys/:id': async () => {
      const { headers, device, body } = await personAtDevice();
      const made = { headers, body: { name: 'A device', credential: device.create(body) } };
      await api.send('POST', '/v1/me/passkeys', made);
      return { url: `/v1/me/passkeys/${device.id}`, headers };
    },
    'POST /v1/passkeys/move': async () => {
      const { headers, device, body } = await personAtDevice();
      const made = { headers, body: { name: 'A device', credential: device.create(body) } };
      await api.send('POST', '/v1/me/passkeys', made);
      // As though it had had another name so far.
      await api.admin.query(
        `UPDATE lapse.relying_parties SET state = '{"rp_id": "old.example", "origins": ["https://old.example"]}'`,
      );
      return change('/v1/passkeys/move', { reason: 'a new name' }, 'administrator');
    },
    'DELETE /v1/sessions/:id': async () => change('/v1/sessions/ses_1', undefined, 'requestor'),
    ...Object.fromEntries(
      (['approve', 'reject', 'revoke', 'reassign'] as const).map((name) => [
        `POST /v1/bulk/${name}`,
        async () => {
          const { exception_id } = await recordIn(
            api,
            name === 'revoke' ? 'Active' : 'Under-Review',
          );
          const owners = [{ name: 'New Owner' }];
          const body =
            name === 'reassign' ? { owners } : { reason: 'decided together with the team' };
          return change(`/v1/bulk/${name}`, { ids: [exception_id], ...body }, 'approver');
        },
      ]),
    ),
    'POST /v1/reconciliations': async () => {
      await api.send('PUT', '/v1/connections/work', { as: 'administrator', body: GATEWAY });
      return change('/v1/reconciliations', undefined, 'platform');
    },
    ...Object.fromEntries(
      Object.entries({
        adopt: undefined,
        remove: { reason: 'decided together with the team' },
        accept: {
          reason: 'decided together with the team',
          until: formatInstant(START + 30 * DAY),
        },
      }).map(([name, body]) => [
        `POST /v1/findings/:id/${name}`,
        async () => change(`/v1/findings/${await openFinding(api)}/${name}`, body, 'platform'),
      ]),
    ),
    'POST /v1/tenants': async () => change('/v1/tenants', { name: 'Another' }, 'operator'),
    'POST /v1/tenants/:id/suspend': async () => onTenant('/suspend'),
    'POST /v1/tenants/:id/resume': async () => {
      const prepared = await onTenant('/resume');
      const url = prepared.url.replace('resume', 'suspend');
      await api.send('POST', url, { as: 'operator', body: LEFT });
      return prepared;
    },
    'DELETE /v1/tenants/:id': async () => {
      const { url } = await onTenant('');
      return change(`${url}?reason=left`, undefined, 'operator');
    },
    'POST /v1/tenants/:id/cancel-deletion': async () => {
      const prepared = await onTenant('/cancel-deletion');
      const url = prepared.url.replace('/cancel-deletion', '?reason=left');
      await api.send('DELETE', url, { as: 'operator' });
      return prepared;
    },
    'POST /v1/imports': async () => change('/v1/imports', { title: 'from a file' }),
  };
}
