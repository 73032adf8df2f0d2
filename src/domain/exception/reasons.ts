import type { DomainError } from '../errors.ts';
import type { Policy } from '../policy/policy.ts';
import type { CommandType, ExceptionCommand } from './commands.ts';
import { refuse } from './decision.ts';

/** Commands that others have to be able to follow years later, so that "ok" does not do as a reason. */
const REASONED: ReadonlySet<CommandType> = new Set<CommandType>([
  'RequestChanges',
  'WithdrawException',
  'ApproveException',
  'RejectException',
  'RevokeException',
  'RequireRearchitecture',
]);

// What nobody can see would fill up a reason as well as letters do.
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/gu;

/** Why a command's reason does not do: it has fewer characters than the policy asks for. */
export function reasonRefusal(
  command: ExceptionCommand,
  policy: Pick<Policy, 'reasons'>,
): DomainError | undefined {
  if (!REASONED.has(command.type)) return undefined;
  return shortReason('reason' in command ? command.reason : undefined, policy);
}

/** Refuses a reason that has fewer characters than the policy asks for. */
export function shortReason(
  reason: string | undefined,
  { reasons: { min_characters: needed } }: Pick<Policy, 'reasons'>,
): DomainError | undefined {
  const has = reasonLength(reason);
  if (has >= needed) return undefined;
  const message = `has ${has} ${has === 1 ? 'character' : 'characters'} and takes at least ${needed}, spaces at its ends and repeated ones apart (reasons.min_characters of the policy pack): say what was looked at and why it is decided so`;
  return refuse('invalid-request', `reason ${message}`, [{ path: 'reason', message }]);
}

/** The characters of a reason that people can read: without outer, repeated and invisible ones. */
function reasonLength(reason = ''): number {
  return [...reason.replace(INVISIBLE, '').trim().replace(/\s+/g, ' ')].length;
}
