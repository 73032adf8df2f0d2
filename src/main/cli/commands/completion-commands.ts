import { Argument, type Command } from 'commander';
import { examples } from './option-values.ts';

/** `completion`, and the hidden `complete` that its scripts ask. */
export function addCompletionCommands(program: Command, createCommands: () => Command): void {
  program.commandsGroup('Shell:');
  program
    .command('completion')
    .description('print the script that lets a shell complete commands, options and ids')
    .addArgument(
      new Argument('<shell>', 'which shell').choices(['bash', 'zsh', 'fish', 'powershell']),
    )
    .addHelpText(
      'after',
      examples(
        'source <(lapse completion bash)',
        'lapse completion zsh > ~/.zfunc/_lapse',
        'lapse completion fish > ~/.config/fish/completions/lapse.fish',
      ),
    )
    .action(async (shell) =>
      (await import('../actions/completion.ts')).printCompletionScript(shell),
    );
  program
    .command('complete', { hidden: true })
    .argument('[words...]')
    .allowUnknownOption()
    .action(async (words: string[]) =>
      (await import('../actions/completion.ts')).complete(createCommands(), words),
    );
}
