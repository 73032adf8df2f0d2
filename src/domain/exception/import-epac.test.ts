import { describe, expect, it } from 'vitest';
import { assigning, plain } from './import.fixture.ts';
import { importRecord } from './import-record.ts';

const SCOPE = '/subscriptions/0/resourceGroups/shop';
const ASSIGNMENT = '/providers/x/providers/Microsoft.Authorization/policyAssignments/tls';
const EXEMPTION = {
  name: 'legacy-tls',
  displayName: 'Legacy TLS on shop',
  description: 'The supplier cannot do TLS 1.2',
  exemptionCategory: 'Waiver',
  expiresOn: '2026-03-15T00:00:00.0000000Z',
  scope: SCOPE,
  policyAssignmentId: ASSIGNMENT,
};

const read = (keys: object, context = plain) => importRecord({ ...EXEMPTION, ...keys }, context);
const said = (remarks: readonly { path: readonly unknown[]; message: string }[]) =>
  remarks.map(({ path, message }) => `${path.join('.')}: ${message}`);

describe('an exemption of EPAC', () => {
  it('is a record with all that it says', () => {
    const { draft, problems } = read({
      policyDefinitionReferenceIds: 'min Tls&https',
      metadata: '{"deployedBy":"epac/prod","environment":"Production"}',
      assignmentScopeValidation: 'Default',
    });
    expect(problems).toEqual([]);
    expect(draft?.fields).toEqual({
      title: 'Legacy TLS on shop',
      justification: 'The supplier cannot do TLS 1.2',
      expires_at: '2026-03-15T00:00:00.000Z',
      policy_ref: [`${ASSIGNMENT}#min%20Tls`, `${ASSIGNMENT}#https`],
      scope: { resources: [SCOPE] },
      environment: 'prod',
      control: 'azure-policy-prod',
      external_ids: [
        'legacy-tls',
        'exemptionCategory:Waiver',
        'assignmentScopeValidation:Default',
        'metadata.deployedBy:epac/prod',
        'metadata.environment:Production',
      ],
    });
  });

  it('as JSON has lists and mappings, and says the same', () => {
    const json = read({ policyDefinitionReferenceIds: ['a', 'b'], metadata: { k: { z: 1 } } });
    const csv = read({ policyDefinitionReferenceIds: 'a&b', metadata: '{"k":{"z":1}}' });
    expect(json.draft?.fields).toEqual(csv.draft?.fields);
    expect(json.draft?.fields.external_ids).toContain('metadata.k:{"z":1}');
  });

  it('has a control only where production is known, and says so where it is not', () => {
    const unknown = read({});
    expect(unknown.draft?.fields.control).toBeUndefined();
    expect(said(unknown.notes)).toEqual([
      expect.stringMatching(/^exemptionCategory: whether it is in production cannot be known/),
    ]);
    const given = read({ environment: 'staging' });
    expect(given.draft?.fields.control).toBe('azure-policy-nonprod');
    expect(given.notes).toEqual([]);
  });

  it('reports what has no place', () => {
    const { draft, notes } = read({
      status: 'active',
      expiresInDays: 12,
      metadata: { note: 'x'.repeat(400), ticket: 'SEC-1' },
    });
    expect(draft?.fields.external_ids).toContain('metadata.ticket:SEC-1');
    expect(said(notes)).toEqual(
      expect.arrayContaining([
        'status: "active" follows from expiresOn, and is not imported',
        'expiresInDays: 12 follows from expiresOn, and is not imported',
        'metadata: metadata.note is longer than an external id may be (300 characters), and is not imported',
      ]),
    );
  });

  it('is wrong in the names of its own file', () => {
    const { draft, problems } = read({ expiresOn: '31/12/2025', displayName: 'x'.repeat(301) });
    expect(draft).toBeUndefined();
    expect(said(problems)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^displayName: must have at most 300/),
        expect.stringMatching(/^expiresOn: "31\/12\/2025" is no instant/),
      ]),
    );
    expect(said(read({ requested: 'x' }).problems)).toEqual([
      expect.stringMatching(/^requested: unknown key/),
    ]);
  });

  it('that has ended is refused, and its end left out with assign', () => {
    const past = { expiresOn: '2025-01-01' };
    expect(said(read(past).problems)).toEqual([expect.stringMatching(/^expiresOn: .*past/)]);
    expect(read(past, assigning).draft?.fields.expires_at).toBeUndefined();
  });

  it('is told from others by its id in Azure, and not by its name or what it shares with others', () => {
    const keysOf = (keys: object) => read(keys).draft?.keys.map(({ key }) => key);
    expect(keysOf({})).toEqual([
      `id:${SCOPE}/providers/microsoft.authorization/policyexemptions/legacy-tls`.toLowerCase(),
    ]);
    expect(keysOf({ scope: `${SCOPE}2` })).not.toEqual(keysOf({}));
    expect(keysOf({ displayName: 'Edited since' })).toEqual(keysOf({}));
    expect(keysOf({ name: undefined })).toEqual([expect.stringMatching(/^digest:/)]);
    // No index takes an id as long as these scopes together.
    const scopes = ['a', 'b', 'c', 'd', 'e'].map((letter) => `/${letter.repeat(250)}`);
    expect(keysOf({ scope: scopes })).toEqual([expect.stringMatching(/^digest:/)]);
  });
});
