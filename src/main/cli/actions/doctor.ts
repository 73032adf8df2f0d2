import { dataOf, LapseUnreachable } from '@lapse/client';
import { renderChecks, type ShownCheck } from '../render/render-checks.ts';
import { CommandFailure, EXIT } from '../terminal/command-failure.ts';
import { connect } from '../terminal/connection.ts';
import { print, printJson, terminalWidth } from '../terminal/output.ts';
import type { AnswerOptions } from './answer-record.ts';
import { checkLocally } from './local-checks.ts';

/**
 * `lapse doctor`: what this machine shows, then what the server says of itself. Exit 1 where
 * anything is a problem, 3 where the server cannot be asked.
 */
export async function doctor({ json }: AnswerOptions): Promise<void> {
  const local = checkLocally(process.env);
  let checks: ShownCheck[] = [...local];
  let unreachable: LapseUnreachable | undefined;
  try {
    const { checks: told } = await dataOf(connect().GET('/v1/diagnosis'));
    checks = [...told, ...local];
  } catch (error) {
    if (!(error instanceof LapseUnreachable)) throw error;
    unreachable = error;
  }
  if (json) printJson({ reached: unreachable === undefined, checks });
  else print(renderChecks(checks, terminalWidth()));
  if (unreachable) throw unreachable;
  const problems = checks.filter(({ state }) => state === 'problem');
  if (problems.length === 0) return;
  const names = problems.map(({ name }) => name).join(', ');
  throw new CommandFailure(`something has to be mended: ${names}`, {
    exitCode: EXIT.refused,
    next: 'do what stands behind each arrow above, then run `lapse doctor` again',
  });
}
