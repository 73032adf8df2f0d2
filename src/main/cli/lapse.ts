import { Command } from 'commander';
import { addServerCommands } from './server-commands.ts';

const program = new Command('lapse')
  .description('A security exception register that ends every exception on time and can prove it.')
  .showHelpAfterError('(add --help for what there is)');
addServerCommands(program);

await program.parseAsync();
