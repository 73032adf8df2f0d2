import { timedDataOf } from '@lapse/client';
import { assessRequest } from '../../../domain/exception/assess-request.ts';
import {
  type ExceptionFields,
  FIELD_NAMES,
  SYSTEM_FIELDS,
} from '../../../domain/exception/fields.ts';
import { fieldsOrRefuse, parseFields } from '../../../domain/exception/parse-fields.ts';
import type { ChainPlace } from '../../../domain/policy/policy.ts';
import { policyDigest } from '../../../domain/policy/policy-digest.ts';
import { toEvaluation } from '../../../features/policy/policy-wire.ts';
import { policyInForce } from '../policy/pack-in-force.ts';
import { packOfFile } from '../policy/pack-of-file.ts';
import { renderEvaluation } from '../render/render-evaluation.ts';
import { usageFailure } from '../terminal/command-failure.ts';
import { connect } from '../terminal/connection.ts';
import { print, printJson, terminalWidth } from '../terminal/output.ts';
import type { AnswerOptions } from './answer-record.ts';
import { type Fields, fieldsOfFile } from './field-file.ts';

interface ExplainOptions extends AnswerOptions {
  readonly policy?: string;
}

interface Asked {
  readonly fields: ExceptionFields;
  readonly place: ChainPlace;
  /** The instant that it is asked as of, epoch milliseconds. */
  readonly now: number;
}

/** `lapse policy explain RECORD`: which rules match, what each asks, and which won. */
export async function explainRecord(
  record: string,
  { policy: file, json }: ExplainOptions,
): Promise<void> {
  const { policy, now: served } =
    file === undefined
      ? await policyInForce(connect())
      : { policy: await packOfFile(file), now: Date.now() };
  const { fields, place, now } = /^EXC_/.test(record)
    ? await ofRegister(record)
    : { ...(await ofFile(record)), now: served };
  const digest = policyDigest(policy);
  const answer = toEvaluation({ ...assessRequest(policy, fields, place, now), digest });
  if (json) printJson(answer);
  else print(renderEvaluation(answer, policy.id, terminalWidth()));
}

async function ofRegister(id: string): Promise<Asked> {
  const { data: record, now } = await timedDataOf(
    connect().GET('/v1/exceptions/{id}', { params: { path: { id } } }),
  );
  const { renewal_number, kind } = record;
  // A request holds who approved the first of its chain; a draft does not tell yet.
  const first_approvers = record.requirements.flatMap(({ role, person, in_place_of }) => [
    ...(person ? [{ role, ...person }] : []),
    ...(in_place_of ? [{ ...in_place_of, left: true }] : []),
  ]);
  const known = new Set<string>(FIELD_NAMES);
  const fields = Object.fromEntries(
    // The score follows from likelihood and impact; one that nobody could tell is null.
    Object.entries(record).filter(([name, value]) => known.has(name) && value !== null),
  ) as unknown as ExceptionFields;
  return { fields, place: { renewal_number, kind, first_approvers }, now };
}

/** A part of a record is enough; what a register says of a record by itself is left aside. */
async function ofFile(path: string): Promise<Omit<Asked, 'now'>> {
  const written = await fieldsOfFile(path);
  const { renewal_number = 0, kind = 'time-boxed' } = written;
  if (typeof renewal_number !== 'number' || (kind !== 'time-boxed' && kind !== 'permanent'))
    throw usageFailure(
      `${path} has a renewal_number that is no number, or a kind that is not known`,
      'write a number from 0 on, and time-boxed or permanent',
    );
  const isField = ([name]: [string, unknown]) =>
    !(SYSTEM_FIELDS as readonly string[]).includes(name);
  const given: Fields = Object.fromEntries(Object.entries(written).filter(isField));
  const fields = fieldsOrRefuse(parseFields({ title: 'untitled', ...given }));
  return { fields, place: { renewal_number, kind } };
}
