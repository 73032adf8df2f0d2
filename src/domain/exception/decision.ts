import type { Actor } from '../access/actor.ts';
import type { Barred } from '../circumvention/strikes.ts';
import type { People } from '../delegation/people.ts';
import { DomainError, type ErrorCode, type FieldError } from '../errors.ts';
import type { Policy } from '../policy/policy.ts';
import type { Instant } from '../schedule/instant.ts';
import type { CommandType, ExceptionCommand } from './commands.ts';
import type { ExceptionEvent } from './events.ts';
import type { ExceptionState } from './state.ts';

/** What a decision may look at besides the record: all of it data. */
export interface DecisionContext {
  readonly now: Instant;
  readonly actor: Actor;
  readonly policy: Policy;
  readonly tenantId: string;
  /** Who can approve, and for whom. Without it nobody acts for anybody, and nobody has left. */
  readonly people?: People | undefined;
  /** Who has lost privileged access; nobody unless given. */
  readonly barred?: readonly Barred[] | undefined;
}

/** The events that follow from a command, or the refusal. Nothing is thrown. */
export type Decision = readonly ExceptionEvent[] | DomainError;

export type CommandOf<Type extends CommandType> = Extract<ExceptionCommand, { type: Type }>;
/** Decides one command on a record in a status that the table allows. */
export type Decider<Type extends CommandType> = (
  state: ExceptionState,
  command: CommandOf<Type>,
  context: DecisionContext,
) => Decision;

/** A refusal: what is wrong, which rule, what would pass. */
export function refuse(
  code: ErrorCode,
  message: string,
  errors: readonly FieldError[] = [],
): DomainError {
  return new DomainError(code, message, errors);
}

/** A refusal that speaks of the first field with a problem, and lists them all. */
export function refusedFields(
  errors: readonly FieldError[],
  code: 'invalid-record' | 'end-refused' = 'invalid-record',
): DomainError {
  const [first] = errors;
  return refuse(
    code,
    first ? `${first.path || 'the record'} ${first.message}` : 'the record is not valid',
    errors,
  );
}

/** Whether a decision is a refusal. */
export function isRefusal(decision: unknown): decision is DomainError {
  return decision instanceof DomainError;
}
