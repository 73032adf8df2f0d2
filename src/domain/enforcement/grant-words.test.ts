import { expect, it } from 'vitest';
import { grantSentence } from './grant-words.ts';

it.each([
  [
    { kind: 'role-assignment', target: '/s/1', subject: 'p', permission: 'Owner' },
    'the role Owner for p on /s/1',
  ],
  [
    {
      kind: 'role-assignment',
      target: '/s/1',
      subject: 'p',
      permission:
        '/s/1/providers/Microsoft.Authorization/roleDefinitions/8E3AF657-A8FF-443C-A75C-2FE8C4BCB635',
    },
    'the role Owner (/s/1/providers/Microsoft.Authorization/roleDefinitions/8E3AF657-A8FF-443C-A75C-2FE8C4BCB635) for p on /s/1',
  ],
  [
    {
      kind: 'policy-exemption',
      target: '/s/1',
      permission: '/a',
      parameters: { category: 'Waiver', policy_definition_reference_ids: 'tls' },
    },
    'an exemption from /a (category Waiver, policy_definition_reference_ids tls) on /s/1',
  ],
  [{ kind: 'group-member', target: 'g', subject: 'p' }, 'membership of the group for p on g'],
  [
    { kind: 'vendor-port', target: 'gateway', permission: '8443', parameters: { to: 'x' } },
    'vendor-port 8443 (to x) on gateway',
  ],
  [{ kind: 'constructor', target: 't' }, 'constructor on t'],
])('%j is said', (spec, sentence) => expect(grantSentence(spec)).toBe(sentence));
