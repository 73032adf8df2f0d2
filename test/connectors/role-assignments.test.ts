import { roleAssignments } from '../../src/connectors/azure/role-assignments.ts';
import { DIRECTORY, PERSON, READER, ROLE, SCOPE, SUBSCRIPTION } from '../enforcement/cloud-lab.ts';
import { connectorContract } from './connector-contract.ts';

connectorContract('role assignments', {
  make: roleAssignments,
  prepare(cloud) {
    cloud.addSubscription(SUBSCRIPTION);
    cloud.addPrincipal(PERSON);
    cloud.addPrincipal(DIRECTORY);
  },
  spec: ROLE,
  other: { ...ROLE, subject: DIRECTORY, permission: READER },
  scope: `/subscriptions/${SUBSCRIPTION}`,
  loseTarget: (cloud) => cloud.store.put(`gone:${SCOPE.toLowerCase()}`, true, 0),
  marks: true,
});
