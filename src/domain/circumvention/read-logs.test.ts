import { existsSync, readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { completedByResource } from './access-standing.ts';
import { type AuditEvent, completed } from './audit-event.ts';
import { readActivityLog } from './read-activity-log.ts';
import { readDirectoryAudit } from './read-directory-audit.ts';
import { readEventGrid, validationCode } from './read-event-grid.ts';

const SUBSCRIPTION = 'a921d5d4-bdb7-43c3-aa01-88c6ae24992f';
const SCOPE = `/subscriptions/${SUBSCRIPTION}/resourceGroups/shop`;
const RESOURCE = `${SCOPE}/providers/Microsoft.Authorization/roleAssignments/9d1a8b58-993d-45f1-b279-c079cd810ffa`;
const PERSON = '30a6c29d-de7c-4830-815f-9b3bb366e975';
const READER = 'acdd72a7-3385-48ef-bd42-f606fba81ae7';
const CLAIMS = 'http://schemas.microsoft.com/identity/claims';

/** As the portal writes it: names in capitals, the role by its path. */
const BODY = {
  Id: '9d1a8b58-993d-45f1-b279-c079cd810ffa',
  Properties: {
    PrincipalId: PERSON,
    PrincipalType: 'User',
    RoleDefinitionId: `/providers/Microsoft.Authorization/roleDefinitions/${READER}`,
    Scope: SCOPE,
  },
};

function line(status: 'Started' | 'Succeeded' | 'Failed', requestbody?: string) {
  return {
    caller: 'Caller@Contoso.example',
    claims: {
      appid: '04b07795-8ddb-461a-bbee-02f9e1bf7b46',
      [`${CLAIMS}/objectidentifier`]: PERSON,
    },
    correlationId: 'c390f564-a524-4b89-8ddb-72dea9514a0b',
    eventDataId: `00000000-0000-4000-8000-00000000000${status.length}`,
    eventTimestamp: '2022-06-27T10:07:30.0000000Z',
    operationName: { value: 'Microsoft.Authorization/roleAssignments/write' },
    resourceId: RESOURCE,
    status: { value: status },
    properties: requestbody === undefined ? {} : { requestbody },
  };
}
const STARTED = line('Started', JSON.stringify(BODY));
const SUCCEEDED = line('Succeeded');
const read = (value: unknown) => readActivityLog(value) as AuditEvent;

/** What a joined operation says, whatever its case. */
function essence({ by, access, outcome, operation, resource_id }: AuditEvent) {
  const { kind, target, subject, permission } = access ?? {};
  const given = { target, subject, permission, resource_id };
  return { by, kind, outcome, operation, given: JSON.stringify(given).toLowerCase() };
}

const EXPECTED = essence({
  ...read(SUCCEEDED),
  access: { kind: 'role-assignment', target: SCOPE, subject: PERSON, permission: READER },
});

describe('the Activity Log', () => {
  test('an operation is told whole: who from its end, what from the body of its beginning', () => {
    const joined = completed(read(SUCCEEDED), [read(STARTED)]);
    expect(joined.by).toEqual({
      object_id: PERSON,
      upn: 'caller@contoso.example',
      app_id: '04b07795-8ddb-461a-bbee-02f9e1bf7b46',
    });
    expect(essence(joined)).toEqual(EXPECTED);
  });

  test('order, repeats and case of the lines do not matter, nor lines of other operations', () => {
    const foreign = read({ ...STARTED, correlationId: 'other', eventDataId: 'other' });
    const upper = (value: unknown): unknown => JSON.parse(JSON.stringify(value).toUpperCase());
    const cased = (value: object, isUpper: boolean) => {
      if (!isUpper) return value;
      // Of the body, which is a text, each name and value too; but the capitals of \u are no case.
      const { properties, ...rest } = value as { properties: { requestbody?: string } };
      const body = properties.requestbody?.toUpperCase();
      return { ...(upper(rest) as object), PROPERTIES: body ? { REQUESTBODY: body } : {} };
    };
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom(STARTED, SUCCEEDED), fc.boolean()), { maxLength: 6 }),
        fc.boolean(),
        fc.boolean(),
        (more, isUpper, bodyIsUpper) => {
          const others = [
            foreign,
            ...more.map(([value, is]) => read(cased(value, is))),
            read(cased(STARTED, bodyIsUpper)),
          ];
          const joined = completed(read(cased(SUCCEEDED, isUpper)), others);
          expect(essence(joined)).toEqual(EXPECTED);
        },
      ),
    );
  });

  test('a repeat has the id of the first, in the form of diagnostic settings too', () => {
    const diagnostic = {
      time: '2022-06-27T10:07:30.0000000Z',
      operationName: 'MICROSOFT.AUTHORIZATION/ROLEASSIGNMENTS/WRITE',
      resultType: 'Start',
      correlationId: 'C390F564-A524-4B89-8DDB-72DEA9514A0B',
      resourceId: RESOURCE.toUpperCase(),
      identity: { claims: { [`${CLAIMS}/objectidentifier`]: PERSON.toUpperCase() } },
      properties: { requestbody: JSON.stringify(BODY) },
    };
    const event = read(diagnostic);
    expect(event).toMatchObject({ outcome: 'started', by: { object_id: PERSON } });
    expect(read(diagnostic).event_id).toBe(event.event_id);
    const ended = read({ ...diagnostic, resultType: 'Success', properties: '{}' });
    expect(ended.event_id).not.toBe(event.event_id);
    expect(essence(completed(ended, [event])).given).toBe(EXPECTED.given);
  });

  test.each(['{', '[]', '"text"', '{"properties":null}', '{"properties":{"principalId":7}}', ''])(
    'a body that is %s says nothing of what was given, and refuses nothing',
    (body) => {
      const event = read(line('Started', body));
      expect(event.access).toBeUndefined();
      expect(completed(read(SUCCEEDED), [event]).access).toBeUndefined();
    },
  );

  test('what gives nobody access is no line of ours, and anything at all can be read', () => {
    const deletion = { value: 'Microsoft.Authorization/roleAssignments/delete' };
    expect(readActivityLog({ ...SUCCEEDED, operationName: deletion })).toBeUndefined();
    expect(readActivityLog({ ...SUCCEEDED, eventTimestamp: 'yesterday' })).toBeUndefined();
    expect(readActivityLog({ ...SUCCEEDED, correlationId: '' })).toBeUndefined();
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
        readActivityLog({ ...SUCCEEDED, properties: one, claims: other });
        readDirectoryAudit({ activityDisplayName: 'Add member to group', targetResources: one });
        readEventGrid({ eventType: 'Microsoft.Resources.ResourceWriteSuccess', data: one });
        for (const read of [readActivityLog, readDirectoryAudit, readEventGrid]) read(one);
      }),
    );
  });

  test('an exemption names its assignment, and the policies that it is from', () => {
    const resourceId = `${SCOPE}/providers/Microsoft.Authorization/policyExemptions/exc-1`;
    const policyAssignmentId = `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.Authorization/policyAssignments/baseline`;
    const body = { properties: { policyAssignmentId, policyDefinitionReferenceIds: ['a', 'b'] } };
    const operationName = { value: 'Microsoft.Authorization/policyExemptions/write' };
    const started = line('Started', JSON.stringify(body));
    expect(read({ ...started, operationName, resourceId }).access).toEqual({
      kind: 'policy-exemption',
      target: SCOPE,
      permission: policyAssignmentId,
      parameters: { policy_definition_reference_ids: 'a&b' },
    });
  });
});

describe('Event Grid', () => {
  const posted = {
    id: '4DB48CBA-50A2-455A-93B4-DE41A3B5B7F6',
    eventType: 'Microsoft.Resources.ResourceWriteSuccess',
    eventTime: '2022-06-27T10:07:31.6117357Z',
    data: {
      operationName: 'Microsoft.Authorization/roleAssignments/write',
      resourceUri: RESOURCE,
      correlationId: 'c390f564-a524-4b89-8ddb-72dea9514a0b',
      claims: { [`${CLAIMS}/objectidentifier`]: 'somebody-innocent' },
    },
  };

  test('an event says that something was written; the rest is what the cloud answers', () => {
    const event = readEventGrid(posted) as AuditEvent;
    expect(event).toMatchObject({ log: 'event-grid', outcome: 'succeeded' });
    const standing = completedByResource(event, {
      properties: {
        principalId: PERSON,
        roleDefinitionId: READER,
        createdBy: 'THE-MAKER',
        createdOn: '2022-06-27T10:07:30Z',
      },
    });
    expect(standing).toMatchObject({
      by: { object_id: 'the-maker' },
      access: { subject: PERSON, permission: READER },
      at: read(SUCCEEDED).at,
    });
    expect(standing.by).not.toHaveProperty('upn');
  });

  test('what it says of who did it does not reach what a log has', () => {
    const forged = {
      ...(readEventGrid(posted) as AuditEvent),
      by: { upn: 'innocent@contoso.example' },
    };
    const { claims: _, caller: __, ...anonymous } = SUCCEEDED;
    expect(completed(read(anonymous), [forged]).by).toEqual({});
  });

  test.each([
    ['another resource', { resourceUri: `${SCOPE}/providers/Microsoft.Storage/storageAccounts/a` }],
    ['a path that leads elsewhere', { resourceUri: `${RESOURCE}/../../../x` }],
    ['a query', { resourceUri: `${RESOURCE}?api-version=1` }],
    ['no resource', { resourceUri: undefined }],
    ['another operation', { operationName: 'Microsoft.Authorization/roleAssignments/delete' }],
  ])('%s is not asked for in the cloud', (_, data) => {
    expect(readEventGrid({ ...posted, data: { ...posted.data, ...data } })).toBeUndefined();
  });

  test('the code of the handshake', () => {
    const eventType = 'Microsoft.EventGrid.SubscriptionValidationEvent';
    expect(validationCode([{ eventType, data: { validationCode: 'code' } }])).toBe('code');
    expect(validationCode([posted, 7, null])).toBeUndefined();
  });
});

describe('directory audits', () => {
  const added = {
    id: 'Directory_1',
    activityDisplayName: 'Add member to group',
    activityDateTime: '2022-06-27T10:07:30Z',
    result: 'success',
    correlationId: 'c390f564',
    initiatedBy: {
      user: { id: PERSON.toUpperCase(), userPrincipalName: 'Caller@Contoso.example' },
    },
    targetResources: [
      {
        id: 'member',
        type: 'User',
        modifiedProperties: [{ displayName: 'Group.ObjectID', newValue: '"group"' }],
      },
      { id: 'group', type: 'Group' },
    ],
  };

  test('a member that was added to a group', () => {
    const event = readDirectoryAudit(added);
    expect(event).toMatchObject({
      outcome: 'succeeded',
      access: { kind: 'group-member', target: 'group', subject: 'member' },
      by: { object_id: PERSON, upn: 'caller@contoso.example' },
    });
    const withoutType = { ...added, targetResources: added.targetResources.slice(0, 1) };
    expect(readDirectoryAudit(withoutType)?.access).toEqual(event?.access);
    expect(readDirectoryAudit({ ...added, result: 'failure' })?.outcome).toBe('failed');
    expect(readDirectoryAudit({ ...added, activityDisplayName: 'Delete user' })).toBeUndefined();
  });
});

const SAMPLES = '../shared/azure/activity-log';
const samples = existsSync(SAMPLES)
  ? readdirSync(SAMPLES).filter((name) => name.endsWith('.json'))
  : [];

describe.runIf(samples.length > 0)('the samples', () => {
  const sample = (part: string) => {
    const name = samples.find((found) => found.includes(part)) ?? '';
    return JSON.parse(readFileSync(`${SAMPLES}/${name}`, 'utf8'));
  };
  test('are read for what they are', () => {
    expect(read(sample('roleAssignments-write-succeeded'))).toMatchObject({ outcome: 'succeeded' });
    expect(read(sample('roleAssignments-delete-succeeded'))).toBeUndefined();
    expect(read(sample('policyExemptions-write-started')).access?.kind).toBe('policy-exemption');
    expect(sample('ResourceWriteSuccess').map(readEventGrid)).toEqual([undefined]);
  });
});
