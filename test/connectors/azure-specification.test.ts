import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { defenderExemptions } from '../../src/connectors/azure/defender-exemptions.ts';
import type { FakeCloud } from '../../src/connectors/azure/fake/fake-cloud.ts';
import { policyExemptions } from '../../src/connectors/azure/policy-exemptions.ts';
import { roleAssignments } from '../../src/connectors/azure/role-assignments.ts';
import type { GrantSpec } from '../../src/domain/enforcement/grant-spec.ts';
import { DAY } from '../../src/domain/schedule/instant.ts';
import { PERSON, ROLE, SCOPE, SUBSCRIPTION } from '../enforcement/cloud-lab.ts';
import { START } from '../support/given.ts';
import { withBench } from './connector-contract.ts';
import { EXEMPTION, preparePolicies, STANDARD } from './policy-cloud.ts';
import { type Exchange, Specification } from './specification.ts';

const FOLDER = resolve(
  process.env.AZURE_SPECIFICATION ??
    resolve(import.meta.dirname, '../../../shared/azure/specification'),
);
const isThere = existsSync(FOLDER);
if (!isThere) console.warn(`Azure's specification is not checked: there is no ${FOLDER}`);

const SERVER = `${SCOPE}/providers/Microsoft.Sql/servers/orders`;
const HEALTH: GrantSpec = {
  kind: 'defender-exemption',
  target: SERVER,
  permission: STANDARD,
  parameters: { category: 'Mitigated', policy_definition_reference_ids: 'mfa&tls' },
};
const TIMED: GrantSpec = { ...ROLE, parameters: { mode: 'pim' } };

/** Keeps what goes to the cloud and comes from it. */
function listen(cloud: FakeCloud): Exchange[] {
  const heard: Exchange[] = [];
  const answer = cloud.answer.bind(cloud);
  cloud.answer = (call) => {
    const given = answer(call);
    const { method, path, query, body: request } = call;
    const apiVersion = query.get('api-version');
    // What the answer was then: the cloud goes on changing what it holds.
    const text = JSON.stringify(given?.body);
    const body = text === undefined ? undefined : JSON.parse(text);
    const status = given?.status ?? 0;
    heard.push({ method, path, apiVersion, request, status, answer: body });
    return given;
  };
  return heard;
}

/** A grant's whole life, with what is refused on the way. */
async function lead(
  make: typeof roleAssignments,
  spec: GrantSpec,
  missing: GrantSpec,
): Promise<Exchange[]> {
  let heard: Exchange[] = [];
  const prepare = (cloud: FakeCloud) => {
    preparePolicies(cloud);
    cloud.addPrincipal(PERSON);
  };
  await withBench({ make, prepare }, async (bench) => {
    heard = listen(bench.cloud);
    const order = bench.order(spec);
    await bench.connector.apply(bench.order(missing), bench.signal);
    for (const endsAt of [START + 10 * DAY, START + 20 * DAY]) {
      await bench.settle('apply', { ...order, endsAt });
      expect(await bench.observe(order)).toMatchObject({ kind: 'present' });
    }
    await bench.list(`/subscriptions/${SUBSCRIPTION}`);
    await bench.list(spec.target);
    const seen = await bench.observe(order);
    const placed = seen.kind === 'present' ? seen.placed : undefined;
    await bench.settle('remove', { ...order, placed });
    expect(await bench.observe(order)).toEqual({ kind: 'absent' });
    await bench.settle('remove', { ...order, placed });
    await bench.connector.apply(order, bench.signal);
    await bench.connector.remove(order, bench.signal);
  });
  return heard;
}

describe.skipIf(!isThere)('what the connectors send and the fake cloud answers', () => {
  const nobody = crypto.randomUUID();
  const gone = SCOPE.replace(SUBSCRIPTION, nobody);
  const lives: readonly (readonly [
    string,
    typeof roleAssignments,
    GrantSpec,
    GrantSpec,
    string[],
  ])[] = [
    [
      'role assignments',
      roleAssignments,
      ROLE,
      { ...ROLE, subject: nobody },
      [
        'RoleAssignments_Create',
        'RoleAssignments_Delete',
        'RoleAssignments_ListForResourceGroup',
        'RoleAssignments_ListForSubscription',
      ],
    ],
    [
      'requests to PIM',
      roleAssignments,
      TIMED,
      { ...TIMED, subject: nobody },
      [
        'RoleAssignmentScheduleRequests_Cancel',
        'RoleAssignmentScheduleRequests_Create',
        'RoleAssignmentScheduleRequests_ListForScope',
      ],
    ],
    [
      'policy exemptions',
      policyExemptions,
      EXEMPTION,
      {
        ...EXEMPTION,
        target: gone,
        permission: EXEMPTION.permission.replace(SUBSCRIPTION, nobody),
      },
      [
        'PolicyExemptions_CreateOrUpdate',
        'PolicyExemptions_Delete',
        'PolicyExemptions_Get',
        'PolicyExemptions_List',
        'PolicyExemptions_ListForResourceGroup',
      ],
    ],
    [
      'exemptions in Defender for Cloud',
      defenderExemptions,
      HEALTH,
      { ...HEALTH, target: gone, permission: STANDARD.replace(SUBSCRIPTION, nobody) },
      [
        'PolicyExemptions_CreateOrUpdate',
        'PolicyExemptions_Delete',
        'PolicyExemptions_Get',
        'PolicyExemptions_List',
        'PolicyExemptions_ListForResource',
      ],
    ],
  ];
  test.each(lives)('fit the specification of %s', async (_, make, spec, missing, operations) => {
    const specification = new Specification(FOLDER);
    const heard = await lead(make, spec, missing);
    const checked = heard.map((exchange) => ({ ...exchange, ...specification.check(exchange) }));
    expect(checked.filter(({ findings }) => findings.length > 0)).toEqual([]);
    // Nothing is taken as fitting because it was not known.
    const unknown = checked.filter(({ operation }) => operation === undefined);
    expect(
      unknown.filter(
        ({ path }) => !/\/(roleAssignmentSchedules|policyAssignments\/[^/]+)$/.test(path),
      ),
    ).toEqual([]);
    const known = new Set(checked.map(({ operation }) => operation));
    expect(operations.filter((operation) => !known.has(operation))).toEqual([]);
  });

  test('would not fit if they were wrong', () => {
    const specification = new Specification(FOLDER);
    const properties = {
      policyAssignmentId: 'x',
      exemptionCategory: 'Always',
      expiresOn: 'tomorrow',
      ticket: 'INC1',
    };
    const { operation, findings } = specification.check({
      method: 'PUT',
      path: `${SCOPE}/providers/Microsoft.Authorization/policyExemptions/one`,
      apiVersion: '2022-07-01-preview',
      request: { properties, systemData: {} },
      status: 202,
      answer: { properties: {} },
    });
    expect(operation).toBe('PolicyExemptions_CreateOrUpdate');
    expect(findings.join('\n')).toMatch(/202 is no answer/);
    expect(findings.join('\n')).toMatch(/request \/properties must NOT have.*"ticket"/);
    expect(findings.join('\n')).toMatch(/request \/ must NOT have.*"systemData"/);
    expect(findings.join('\n')).toMatch(/request \/properties\/exemptionCategory must be equal/);
    expect(findings.join('\n')).toMatch(/request \/properties\/expiresOn must match format/);
  });
});
