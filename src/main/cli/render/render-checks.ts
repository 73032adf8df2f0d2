import { colours } from '../terminal/colours.ts';
import { safeLine } from '../terminal/output.ts';
import { padTo, wrapTo } from '../terminal/text-layout.ts';

/** What was looked at, and what to do about it. */
export interface ShownCheck {
  readonly name: string;
  readonly state: 'ok' | 'warning' | 'problem';
  readonly message: string;
  readonly mend?: string | undefined;
}

const MARKS = {
  ok: colours.green('✓'),
  warning: colours.yellow('!'),
  problem: colours.red('✗'),
} as const;

/** A line for each check; what has to be done stands under it. */
export function renderChecks(checks: readonly ShownCheck[], width: number): string {
  const columns = Math.max(...checks.map(({ name }) => name.length)) + 2;
  const indent = ' '.repeat(columns + 2);
  const room = Math.max(24, width - indent.length);
  return checks
    .flatMap(({ name, state, message, mend }) => {
      const [first = '', ...rest] = wrapTo(safeLine(message), room);
      return [
        `${MARKS[state]} ${padTo(name, columns)}${first}`,
        ...rest.map((line) => indent + line),
        ...(mend === undefined
          ? []
          : wrapTo(`→ ${safeLine(mend)}`, room).map((line) => indent + colours.cyan(line))),
      ];
    })
    .join('\n');
}
