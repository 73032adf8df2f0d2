import { type Actor, APPROVAL_ROLES } from '../../src/domain/access/actor.ts';
import { APPROVER, EDITOR, personOf, REQUESTOR, SECOND_APPROVER } from '../support/given.ts';

export const ADMINISTRATOR: Actor = {
  ...REQUESTOR,
  id: 'admin',
  email: 'admin@example.com',
  role: 'administrator',
};
export const AUDITOR: Actor = {
  ...REQUESTOR,
  id: 'audit',
  email: 'audit@example.com',
  role: 'auditor',
};

/** Who requests, with another token: one person all the same. */
export const REQUESTOR_AS_APPROVER: Actor = { ...REQUESTOR, id: 'rivera-2', role: 'approver' };

/** Everybody who can approve something. */
export const APPROVERS: readonly Actor[] = [
  REQUESTOR_AS_APPROVER,
  ...[APPROVER, SECOND_APPROVER, EDITOR],
  ...APPROVAL_ROLES.map(personOf),
];
