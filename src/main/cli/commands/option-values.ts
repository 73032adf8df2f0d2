import { InvalidArgumentError, Option } from 'commander';

/** An option that may be given several times. */
export function repeatable(flags: string, about: string, choices: readonly string[] = []): Option {
  const option = new Option(flags, `${about}; may be repeated`);
  // Read by completion and help; the parser below is the one that counts.
  if (choices.length > 0) option.choices(choices);
  return option.argParser((value: string, before: string[] | undefined) => {
    if (choices.length > 0 && !choices.includes(value)) {
      throw new InvalidArgumentError(`Allowed choices are ${choices.join(', ')}.`);
    }
    return [...(before ?? []), value];
  });
}

/** Reads a whole number of at least `least`. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isSafeInteger(value) && value >= least && text.trim() !== '') return value;
    throw new InvalidArgumentError(`It takes a whole number of at least ${least}.`);
  };
}

/** Examples below a command's help. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}\n`;
}

export const JSON_FLAG = ['--json', 'answer in JSON'] as const;

/** Of `new` and `submit`, in an emergency. */
export const BREAK_GLASS = [
  '--break-glass <reason>',
  'an emergency, in force a day at most under one approver: why it cannot wait',
] as const;

/** Where a passphrase comes from. */
export const PASSPHRASE = `
The passphrase comes from the file of --passphrase-file, else from
LAPSE_BACKUP_PASSPHRASE; without either it is asked for, at a terminal.`;
export const PASSPHRASE_FILE = [
  '--passphrase-file <file>',
  'take the passphrase from the first line of a file',
] as const;
