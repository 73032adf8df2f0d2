import type { DomainError, FieldError } from '../errors.ts';
import type { Limit } from '../policy/evaluate.ts';
import type { Policy } from '../policy/policy.ts';
import { refuse } from './decision.ts';
import type { ExceptionFields, FieldName } from './fields.ts';
import { lineageKey } from './lineage.ts';
import type { ExceptionState } from './state.ts';

const SOURCE = "the policy pack's break_glass";

/** What may follow in an emergency; the review that is owed asks for it (DESIGN section 1, Emergencies). */
const MAY_FOLLOW: FieldName = 'adr_id';

/** Whether a record was requested as an emergency. */
export function isBreakGlass({ request }: Pick<ExceptionState, 'request'>): boolean {
  return request?.break_glass !== undefined;
}

/** The longest that an emergency may last, counted from its approval. */
export function breakGlassLimit({ break_glass }: Policy): Limit {
  return { duration: break_glass.max_duration, rule: 'break_glass', source: SOURCE };
}

/** Why a draft cannot be requested as an emergency; `undefined` where it can. */
export function breakGlassRefusal(
  state: ExceptionState,
  { break_glass }: Policy,
): DomainError | undefined {
  if (!break_glass.allowed) {
    return refuse(
      'not-permitted',
      `the policy pack allows no break-glass (break_glass.allowed); submit it as an ordinary request`,
    );
  }
  if (state.renews !== undefined) {
    return refuse(
      'wrong-state',
      `a renewal is planned and no emergency; submit it as an ordinary request, or draft a new record for the emergency (${SOURCE})`,
    );
  }
  if (lineageKey(state.fields) !== undefined) return undefined;
  const message =
    'is required of a break-glass, unless it names grants or services: what it covers has to be recognised';
  return refuse('incomplete-record', `scope ${message} (${SOURCE})`, [{ path: 'scope', message }]);
}

/** Why a break-glass does not go on, whatever is asked for; `undefined` for every other record. */
export function noLongerRefusal(state: ExceptionState, asked: string): DomainError | undefined {
  if (!isBreakGlass(state)) return undefined;
  return refuse(
    'wrong-state',
    `a break-glass cannot be ${asked}; draft an ordinary request for the same, with its approvals beforehand: it may be approved before this one ends (${SOURCE})`,
  );
}

/** What an emergency lacks of what every request needs: the decision record may follow. */
export function withoutDeferred(missing: readonly FieldError[]): FieldError[] {
  return missing.filter(({ path }) => path !== MAY_FOLLOW);
}

/** Whether what might follow is there. */
export function hasDecisionRecord(fields: ExceptionFields): boolean {
  return fields[MAY_FOLLOW] !== undefined;
}
