import { Command, type Option } from 'commander';
import { LAPSE_VERSION } from '../version.ts';
import { addAdministrationCommands } from './commands/administration-commands.ts';
import { addCompletionCommands } from './commands/completion-commands.ts';
import { addLifecycleCommands } from './commands/lifecycle-commands.ts';
import { addRecordCommands } from './commands/record-commands.ts';
import { addRegisterCommands } from './commands/register-commands.ts';
import { addServerCommands } from './commands/server-commands.ts';
import { errorColours } from './terminal/colours.ts';

const ENVIRONMENT = `
Environment:
  LAPSE_URL     the server; else the local one on LAPSE_PORT (7400)
  LAPSE_TOKEN   who you are; else, for a local server, LAPSE_DATA/admin-token (.lapse)
  NO_COLOR      no colours

Exit: 0 done or yes, 1 refused or no, 2 wrong usage or configuration, 3 could not reach or decide.
`;

/** The whole command line. Its commands load what they need when they run, so that it starts at once. */
export function createProgram(): Command {
  const program = createCommands();
  addCompletionCommands(program, createCommands);
  return program;
}

/** All commands but those of completion, which are made from these. */
function createCommands(): Command {
  const program = new Command('lapse')
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
    .addHelpText('after', ENVIRONMENT);
  addRegisterCommands(program);
  addLifecycleCommands(program);
  addRecordCommands(program);
  addAdministrationCommands(program);
  addServerCommands(program);
  return program;
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
