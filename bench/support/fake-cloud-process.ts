import { FakeCloud } from '../../src/connectors/azure/fake/fake-cloud.ts';
import { serveFakeCloud } from '../../src/connectors/azure/fake/serve-fake-cloud.ts';
import { nameByKey } from '../../src/connectors/azure/name-by-key.ts';
import { assignmentId, benchGrants, specOf } from './granted-records.ts';

// A fake cloud in a process of its own, with Azure's documented limits, and the role assignments of a
// bench in it. Says its port, and when it is asked, how much is left and what it refused.

const [count = 0, subscriptions = 1] = process.argv.slice(2).map(Number);
const cloud = new FakeCloud({ throttles: true });
for (const grant of benchGrants(count, subscriptions)) {
  const spec = specOf(grant);
  const id = assignmentId(spec);
  const name = nameByKey(spec);
  const { scope, principal: principalId } = grant;
  const properties = { scope, principalId, roleDefinitionId: spec.permission };
  const assignment = { id, name, type: 'Microsoft.Authorization/roleAssignments', properties };
  cloud.addSubscription(scope.split('/').at(-1) ?? '');
  cloud.store.put(`assignment:${scope}/${name}`.toLowerCase(), assignment, 0);
}
const { port } = await serveFakeCloud(cloud);
process.on('message', () => {
  process.send?.({
    left: cloud.store.list('assignment:').length,
    calls: cloud.log.length,
    throttled: cloud.log.filter(({ status }) => status === 429).length,
  });
});
process.on('disconnect', () => process.exit());
process.send?.({ port });
