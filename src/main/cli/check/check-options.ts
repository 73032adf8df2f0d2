import { parseArgs } from 'node:util';

/** What `--format` takes. */
export const FORMATS = ['text', 'json', 'sarif', 'github', 'junit'] as const;

/** What follows `check` for a plan; a file of that name is `./terraform-plan`. */
export const PLAN_COMMAND = 'terraform-plan';

/** The options of `lapse check` as its action takes them. */
export interface CheckOptions {
  readonly format?: (typeof FORMATS)[number];
  readonly asOf?: string;
  /** The file of the pack to check against, in place of the built-in one. */
  readonly policy?: string;
  readonly maxWarnings?: number;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

/** What was typed: the files, and how to check them. */
export interface CheckArguments {
  readonly files: readonly string[];
  readonly options: CheckOptions;
}

const OPTIONS = {
  format: { type: 'string' },
  'as-of': { type: 'string' },
  policy: { type: 'string' },
  'max-warnings': { type: 'string' },
  quiet: { type: 'boolean' },
  json: { type: 'boolean' },
} as const;

/**
 * Reads the arguments of `check` without the machinery of the whole command line, which would take
 * a quarter of the time that checking a file does. `undefined` for whatever is not plainly right,
 * help included: that goes to the command line, which has the words for it.
 */
export function readCheckArguments(args: readonly string[]): CheckArguments | undefined {
  try {
    const { values, positionals: files } = parseArgs({
      args: [...args],
      options: OPTIONS,
      allowPositionals: true,
    });
    const { format, 'as-of': asOf, policy, 'max-warnings': most, quiet, json } = values;
    const known = FORMATS.find((each) => each === format);
    // What checks something else is a command of its own.
    const isOther = files[0] === PLAN_COMMAND;
    const isWrong = isOther || format !== known || (most !== undefined && !/^\d{1,15}$/.test(most));
    if (files.length === 0 || isWrong) return undefined;
    const maxWarnings = most === undefined ? undefined : Number(most);
    return { files, options: { format: known, asOf, policy, maxWarnings, quiet, json } };
  } catch {
    return undefined;
  }
}
