import { ROLES } from './actor.ts';
import { isPermitted } from './permissions.ts';

/** An approval is a person's decision: of the roles that give any, a workload has none. */
export const WORKLOAD_ROLES = ROLES.filter((role) => !isPermitted(role, 'exception:approve'));
