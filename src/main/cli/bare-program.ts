import { type Argument, Command, type Option } from 'commander';
import { LAPSE_VERSION } from '../version.ts';
import { errorColours } from './terminal/colours.ts';
import { say, sayNext } from './terminal/say.ts';

const ENVIRONMENT = `
Environment:
  LAPSE_URL     the server; else the local one on LAPSE_PORT (7400)
  LAPSE_TOKEN   who you are; else, for a local server, LAPSE_DATA/admin-token
  LAPSE_DATA    the data folder of a local server (.lapse)
  NO_COLOR      no colours

Exit:
  0 done or yes   1 refused or no   2 wrong usage or configuration
  3 could not reach or decide       130 stopped with Ctrl-C
`;

/** The command line before it has any commands. */
export function createBareProgram(): Command {
  return (
    new Command('lapse')
      .description(
        'A security exception register that ends every exception on time and can prove it.',
      )
      // Inherited by every command that is added below.
      .exitOverride()
      .configureOutput({
        outputError: sayUsageError,
      })
      .version(LAPSE_VERSION, '--version', 'print the version')
      .showHelpAfterError(NEXT)
      .helpCommand(false)
      .configureHelp({
        subcommandTerm: termOf,
        optionDescription: describe,
        argumentDescription: describe,
      })
      .addHelpText('after', ENVIRONMENT)
  );
}

/** A command with its arguments; its own help lists the options. */
function termOf(command: Command): string {
  const args = command.registeredArguments.map((argument) => {
    const name = argument.name() + (argument.variadic ? '…' : '');
    return argument.required ? `<${name}>` : `[${name}]`;
  });
  return [command.name(), ...args].join(' ');
}

/** An option or an argument in words, with the values that it takes. */
function describe(given: Option | Argument): string {
  const { description, argChoices } = given;
  const about = 'mandatory' in given && given.mandatory ? `${description} (required)` : description;
  return argChoices ? `${about}: ${argChoices.join(', ')}` : about;
}

const NEXT = 'next: add --help to see what it takes';

/** As every other failure is told; commander hands over the help that follows in a call of its own. */
function sayUsageError(text: string): void {
  for (const line of text.trimEnd().split('\n')) {
    if (line === NEXT) sayNext(line.slice('next: '.length));
    else say(line.replace(/^error:/, errorColours.red(errorColours.bold('error:'))));
  }
}
