import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { AzureClient } from '../../src/connectors/azure/azure-client.ts';
import { firewallRuleGroups } from '../../src/connectors/azure/firewall-rule-groups.ts';
import { groupMembers } from '../../src/connectors/azure/group-members.ts';
import { nsgRules } from '../../src/connectors/azure/nsg-rules.ts';
import { sqlFirewallRules } from '../../src/connectors/azure/sql-firewall-rules.ts';
import { storageIpRules } from '../../src/connectors/azure/storage-ip-rules.ts';
import { exceptionFields } from '../../src/domain/exception/fields.ts';
import { orderFor } from './webhook-receiver.ts';

const MAKERS = {
  'group-member': groupMembers,
  'nsg-rule': nsgRules,
  'sql-firewall-rule': sqlFirewallRules,
  'storage-ip-rule': storageIpRules,
  'firewall-rule-group': firewallRuleGroups,
};

const guide = readFileSync('docs/guide/enforcement.md', 'utf8');
const examples = [...guide.matchAll(/```yaml\n([\s\S]*?)```/g)]
  .flatMap(([, text = '']) => {
    const example = parse(text);
    return exceptionFields.shape.grants.parse(example.grants ?? example) ?? [];
  })
  .filter(({ kind }) => kind in MAKERS);

test('the guide has an example of each of these kinds', () => {
  expect(examples.map(({ kind }) => kind).sort()).toEqual(Object.keys(MAKERS).sort());
});

test.each(examples)('the example of $kind is one that is asked for', async (spec) => {
  const credential = {
    getToken: async () => {
      throw new Error('this is as far as it is to come');
    },
  };
  const connector = MAKERS[spec.kind as keyof typeof MAKERS](new AzureClient('public', credential));
  const { signal } = new AbortController();
  const message = 'this is as far as it is to come';
  expect(await connector.apply(orderFor({ spec }), signal)).toEqual({ kind: 'unknown', message });
});
