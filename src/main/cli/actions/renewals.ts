import type { ExceptionRecord } from '@lapse/client';
import { CommandFailure, EXIT } from '../terminal/command-failure.ts';
import { connect } from '../terminal/connection.ts';
import { isInteractive } from '../terminal/output.ts';
import { readDuration, readInstant } from '../terminal/read-time.ts';
import { type AnswerOptions, answerRecord } from './answer-record.ts';
import { RENEWAL_QUESTIONS } from './questions.ts';

interface Reviewed extends AnswerOptions {
  readonly reason: string;
  readonly riskReview: string;
}

interface PermanentOptions extends Reviewed {
  readonly businessCase: string;
  readonly memo: string;
  readonly documentedIn: string;
}

interface RenewOptions extends AnswerOptions, Partial<Pick<Reviewed, 'riskReview'>> {
  readonly justification?: string;
  readonly likelihood?: ExceptionRecord['likelihood'];
  readonly impact?: ExceptionRecord['impact'];
  readonly until?: string;
  readonly for?: string;
  /** `--no-input`: never ask. */
  readonly input: boolean;
}

/** What a renewal needs afresh. */
type Fresh = Required<Pick<ExceptionRecord, 'justification' | 'likelihood' | 'impact'>> & {
  readonly risk_review: string;
};

/** `lapse renew ID`; on a terminal it asks for what is missing. */
export async function renew(id: string, options: RenewOptions): Promise<void> {
  const client = connect();
  const times = {
    ...(options.until ? { expires_at: readInstant(options.until, '--until') } : {}),
    ...(options.for ? { requested_duration: readDuration(options.for, '--for') } : {}),
  };
  const { justification, likelihood, impact, riskReview: risk_review } = options;
  const fresh = await complete(id, { justification, likelihood, impact, risk_review }, options);
  const answer = client.POST('/v1/exceptions/{id}/renew', {
    params: { path: { id } },
    body: { ...fresh, ...times },
  });
  await answerRecord(answer, options);
}

/** `lapse make-permanent ID` */
export async function makePermanent(id: string, options: PermanentOptions): Promise<void> {
  const { reason, riskReview: risk_review, memo } = options;
  const { businessCase: business_case, documentedIn: documented_in } = options;
  const answer = connect().POST('/v1/exceptions/{id}/make-permanent', {
    params: { path: { id } },
    body: { reason, risk_review, business_case, memo, documented_in },
  });
  await answerRecord(answer, options);
}

/** `lapse complete-review ID` */
export async function completeReview(id: string, options: Reviewed): Promise<void> {
  const { reason, riskReview: risk_review } = options;
  const answer = connect().POST('/v1/exceptions/{id}/complete-review', {
    params: { path: { id } },
    body: { reason, risk_review },
  });
  await answerRecord(answer, options);
}

/** `lapse require-rearchitecture ID` */
export async function requireRearchitecture(id: string, options: Reviewed): Promise<void> {
  const { reason } = options;
  const answer = connect().POST('/v1/exceptions/{id}/require-rearchitecture', {
    params: { path: { id } },
    body: { reason },
  });
  await answerRecord(answer, options);
}

/** With what is missing asked for, where somebody can be asked; refuses otherwise. */
async function complete(
  id: string,
  given: { readonly [Name in keyof Fresh]?: Fresh[Name] | undefined },
  { input, json }: RenewOptions,
): Promise<Fresh> {
  const missing = RENEWAL_QUESTIONS.filter(({ path }) => !given[path as keyof Fresh]);
  if (missing.length === 0) return given as Fresh;
  if (input && isInteractive() && !json) {
    const { askForRest } = await import('./ask-for-fields.ts');
    return (await askForRest(`The renewal of ${id}`, given, RENEWAL_QUESTIONS)) as Fresh;
  }
  throw new CommandFailure('a renewal needs its own justification and risk; nothing was stored', {
    exitCode: EXIT.usage,
    details: missing.map(({ path, message }) => ({
      at: `--${path.replaceAll('_', '-')}`,
      message: `is required: ${message}`,
    })),
    next: `lapse renew ${id}; on a terminal it asks for everything`,
  });
}
