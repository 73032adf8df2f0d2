import { Command, type Option } from 'commander';
import { LAPSE_VERSION } from '../version.ts';
import { errorColours } from './terminal/colours.ts';

const ENVIRONMENT = `
Environment:
  LAPSE_URL     the server; else the local one on LAPSE_PORT (7400)
  LAPSE_TOKEN   who you are; else, for a local server, LAPSE_DATA/admin-token (.lapse)
  NO_COLOR      no colours

Exit: 0 done or yes, 1 refused or no, 2 wrong usage or configuration, 3 could not reach or decide.
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
        outputError: (text, write) => write(text.replace(/^error:/, errorColours.red('error:'))),
      })
      .version(LAPSE_VERSION, '--version', 'print the version')
      .showHelpAfterError('next: add --help to see what it takes')
      .helpCommand(false)
      .configureHelp({ subcommandTerm: termOf, optionDescription: describe })
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

/** An option in words, with the values that it takes. */
function describe({ description, argChoices }: Option): string {
  return argChoices ? `${description}: ${argChoices.join(', ')}` : description;
}
