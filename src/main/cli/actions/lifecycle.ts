import type { LapseClient, paths } from '@lapse/client';
import { addDuration, parseDuration } from '../../../domain/schedule/duration.ts';
import { formatInstant, parseInstant } from '../../../domain/schedule/instant.ts';
import { CommandFailure, EXIT, usageFailure } from '../terminal/command-failure.ts';
import { connect } from '../terminal/connection.ts';
import { readDuration, readInstant } from '../terminal/read-time.ts';
import { type AnswerOptions, answerRecord, readRecord } from './answer-record.ts';
import { changedFields, type FieldInput } from './field-input.ts';

/** What the lifecycle's commands take; each takes some of it. */
export interface LifecycleOptions extends AnswerOptions {
  readonly reason?: string;
  readonly change?: string;
  readonly as?: string;
  readonly consumer?: string;
  readonly until?: string;
  /** A duration, or the person who is acted for. */
  readonly for?: string;
  readonly riskReview?: string;
  /** Why an emergency cannot wait. */
  readonly breakGlass?: string;
  readonly evidence?: readonly string[];
  readonly removalStatement?: string;
  readonly removalLink?: readonly string[];
}

type CommandPath = Extract<keyof paths, `/v1/exceptions/{id}/${string}`>;
type Named<Path extends string> = Path extends `/v1/exceptions/{id}/${infer Name}` ? Name : never;
/** The commands that need nothing but a reason, or that and the change it decides. */
export type PlainCommand = Extract<
  Named<CommandPath>,
  | 'submit'
  | 'request-changes'
  | 'withdraw'
  | 'approve'
  | 'reject'
  | 'activate'
  | 'revoke'
  | 'archive'
>;

/** `lapse submit ID` and its like. */
export async function runPlain(
  command: PlainCommand,
  id: string,
  { reason, change, as, consumer, for: person, until, breakGlass, ...options }: LifecycleOptions,
): Promise<void> {
  // Each route takes a part of this; the server refuses what it does not take.
  const body = {
    ...(reason ? { reason } : {}),
    ...(breakGlass ? { break_glass: true, reason: breakGlass } : {}),
    ...(change ? { change } : {}),
    ...(as ? { role: as } : {}),
    ...(consumer ? { consumer } : {}),
    ...(person ? { for: person } : {}),
    ...(until ? { expires_at: readInstant(until, '--until') } : {}),
  } as never;
  const answer = connect().POST(`/v1/exceptions/{id}/${command}`, {
    params: { path: { id } },
    body,
  });
  await answerRecord(answer, options);
}

/** `lapse extend ID` */
export async function extend(id: string, options: LifecycleOptions): Promise<void> {
  const { reason = '', riskReview = '' } = options;
  if (!options.until === !options.for) {
    throw usageFailure('give either --until or --for', 'for example --for P30D');
  }
  const client = connect();
  const expires_at = options.until
    ? readInstant(options.until, '--until')
    : await endAfter(client, id, options.for ?? '');
  const answer = client.POST('/v1/exceptions/{id}/request-extension', {
    params: { path: { id } },
    body: { expires_at, reason, risk_review: riskReview },
  });
  await answerRecord(answer, options);
}

/** `lapse reassess-risk ID` */
export async function reassessRisk(
  id: string,
  { reason, json, ...typed }: FieldInput & AnswerOptions & { readonly reason: string },
): Promise<void> {
  // The server checks every fact and names each that is wrong.
  const body = { ...(await changedFields({}, typed)), reason } as never;
  const params = { path: { id } };
  const answer = connect().POST('/v1/exceptions/{id}/reassess-risk', { params, body });
  await answerRecord(answer, json === undefined ? {} : { json });
}

/** `lapse close ID` */
export async function close(id: string, options: LifecycleOptions): Promise<void> {
  const { reason, removalStatement: statement, removalLink: links = [] } = options;
  if (links.length > 0 && !statement) {
    throw usageFailure('--removal-link goes with --removal-statement: say what is gone');
  }
  const answer = connect().POST('/v1/exceptions/{id}/close', {
    params: { path: { id } },
    body: {
      ...(reason ? { reason } : {}),
      evidence: (options.evidence ?? []).map(readEvidence),
      ...(statement ? { removal: { statement, links: [...links] } } : {}),
    },
  });
  await answerRecord(answer, options);
}

/** An extension for so long is counted from the end that stands. */
async function endAfter(client: LapseClient, id: string, text: string): Promise<string> {
  const duration = parseDuration(readDuration(text, '--for'));
  const { expires_at, status } = await readRecord(client, id);
  const end = expires_at === undefined ? undefined : parseInstant(expires_at);
  if (!duration || end === undefined) {
    throw new CommandFailure(`${id} is ${status} and has no end yet that could be extended`, {
      exitCode: EXIT.refused,
      next: `lapse show ${id}`,
    });
  }
  return formatInstant(addDuration(end, duration));
}

const DIGEST = /^[0-9a-f]{64}$/;

/** What 64 hexadecimal digits name is a file of the record, everything else is a link. */
function readEvidence(text: string) {
  const at = text.indexOf('=');
  const [criterion, named] = [text.slice(0, at).trim(), text.slice(at + 1).trim()];
  if (at > 0) return { criterion, ...(DIGEST.test(named) ? { digest: named } : { link: named }) };
  throw usageFailure(
    `--evidence takes CRITERION=LINK or CRITERION=DIGEST, not ${text}`,
    'for example --evidence c1=https://git.example.com/pr/1234',
  );
}
