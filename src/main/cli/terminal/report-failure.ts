import { LapseProblem, LapseUnreachable } from '@lapse/client';
import { errorColours as colours } from './colours.ts';
import { CommandFailure, EXIT } from './command-failure.ts';
import { serverUrl } from './connection.ts';
import { safeText } from './output.ts';
import { say, sayNext } from './say.ts';

/**
 * Says on standard error what is wrong and what to do next, and gives the exit code of INTERFACE,
 * Command line. Only what nobody foresaw is shown with its stack.
 */
export function reportFailure(error: unknown): number {
  const failure = asFailure(error);
  if (!failure) {
    const stack = error instanceof Error ? error.stack : String(error);
    process.stderr.write(`${label('error')} this should not happen\n${stack}\n`);
    return EXIT.undecided;
  }
  say(`${label('error')} ${safeText(failure.message).trimEnd()}`);
  for (const { at, message } of failure.details) {
    const place = at === '' ? '' : `${colours.bold(safeText(at))}: `;
    say(`  ${place}${safeText(message)}`, 4);
  }
  if (failure.next) sayNext(failure.next);
  return failure.exitCode;
}

function label(word: string): string {
  return colours.red(colours.bold(`${word}:`));
}

/** In the words of the person at the terminal; `undefined` for what nobody foresaw. */
export function asFailure(error: unknown): CommandFailure | undefined {
  if (error instanceof CommandFailure) return error;
  if (error instanceof LapseProblem) return ofProblem(error);
  if (error instanceof LapseUnreachable) {
    return new CommandFailure(error.message, {
      exitCode: EXIT.undecided,
      next: 'start a server with `lapse serve`, or name the one to use in LAPSE_URL',
    });
  }
  return undefined;
}

function ofProblem(problem: LapseProblem): CommandFailure {
  return new CommandFailure(messageOf(problem), {
    exitCode: exitCodeOf(problem.status),
    details: detailsOf(problem),
    next: nextStep(problem),
  });
}

function exitCodeOf(status: number): number {
  if (status >= 500 || status === 401 || status === 429) return EXIT.undecided;
  // What was asked cannot be meant at all; every other refusal is an answer.
  return status === 400 ? EXIT.usage : EXIT.refused;
}

/** A single field's problem is the error itself, in the form that several are listed in. */
function messageOf({ code, errors, detail }: LapseProblem): string {
  if (code === 'unauthenticated' && !isOfPlatform())
    return `the server refuses ${tokenInUse()}: not known, revoked or past its end`;
  const [first] = errors;
  return first && detail === `${first.path} ${first.message}`
    ? `${first.path}: ${first.message}`
    : detail;
}

/** A pipeline's token: what is wrong with it, the server alone knows. */
function isOfPlatform(): boolean {
  return process.env.LAPSE_TOKEN?.includes('.') ?? false;
}

function tokenInUse(): string {
  return process.env.LAPSE_TOKEN
    ? 'the token in LAPSE_TOKEN'
    : 'the token in LAPSE_DATA/admin-token';
}

/** Each field error, unless it repeats the error itself. */
function detailsOf({ errors, detail }: LapseProblem) {
  if (needsChange(errors)) return [];
  const [only] = errors;
  if (errors.length === 1 && only && detail.includes(only.message)) return [];
  return errors.map(({ path, message }) => ({ at: path, message }));
}

/** The record has a change that waits, and the command did not say whether it is meant. */
function needsChange([first]: LapseProblem['errors']): boolean {
  return first?.path === 'change';
}

/** Which command shows what there is of the kind that was not found. */
function listedBy(detail: string): string | undefined {
  const [, kind = ''] =
    /^there is no (exception|token|workload|task|provider|removal task|grant|connection)\b/.exec(
      detail,
    ) ?? [];
  const command = {
    exception: 'list',
    token: 'token list',
    workload: 'workload list',
    task: 'tasks',
    provider: 'provider list',
    'removal task': 'removal-tasks',
    grant: 'grants',
    connection: 'connection list',
  }[kind];
  return command && `\`lapse ${command}\` shows what there is`;
}

const OF_SOMEBODY_ELSE =
  'use the token of somebody who may; `lapse token list` shows an administrator who that is';

function nextStep({ status, code, detail, requestId, errors }: LapseProblem): string | undefined {
  if (needsChange(errors)) return 'add --change extension';
  switch (code) {
    case 'unauthenticated':
      if (isOfPlatform())
        return 'an administrator sees with `lapse workload list` which tokens may sign in';
      return process.env.LAPSE_TOKEN
        ? 'set LAPSE_TOKEN to a token that is still valid; `lapse token create` makes one'
        : "on the server's own machine `lapse token administrator` makes another, for 30 days";
    case 'signature-required':
      return `open ${serverUrl().origin}${/\/approve\/[\w-]+/.exec(detail)?.[0] ?? '/passkeys'} in a browser`;
    case 'not-concerned':
      return 'ask one of them, or say it there: lapse comment ID "…"';
    case 'not-permitted':
      if (detail.includes(' takes tenant:'))
        return "this is for operators: `lapse token operator` makes a token on the server's machine";
      return OF_SOMEBODY_ELSE;
    case 'privileges-lost':
      return 'ask somebody of security; whoever has lost privileged access sees why: GET /v1/me';
    case 'self-approval':
      return OF_SOMEBODY_ELSE;
    case 'incomplete-record':
    case 'invalid-record':
    case 'end-refused':
      return 'change what is named above, and repeat the command; `lapse edit ID --set path=value` edits a record';
    case 'missing-evidence':
      return 'name a link or the digest of a file for each: --evidence CRITERION=LINK; `lapse show ID` lists both';
    case 'stale-revision':
      return 'somebody else has changed the record meanwhile: look at it, and repeat the command';
    case 'too-many-requests':
      return 'wait that long, and repeat the command';
    case 'not-found':
      return listedBy(detail);
    case 'ledger-diverged':
      return '`lapse ledger new-epoch` says what would be given up, before it asks';
    default:
      if (status < 500) return undefined;
      return requestId === undefined
        ? 'try again'
        : `try again; the server's log has more under request ${requestId}`;
  }
}
