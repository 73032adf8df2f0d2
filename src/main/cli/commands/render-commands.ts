import type { Command } from 'commander';
import { examples, JSON_FLAG } from './option-values.ts';

/** `render`: records in the languages of other tools. */
export function addRenderCommands(program: Command): void {
  program.commandsGroup('Access in the cloud:');
  const render = program
    .command('render')
    .helpCommand(false)
    .description('terraform: what an exception gives, in the language of another tool')
    .addHelpText('after', examples('lapse render terraform EXC_01K… > exception.tf'));
  render
    .command('terraform <id>')
    .description('the resources of its grants, for teams who apply them themselves')
    .option(...JSON_FLAG)
    .addHelpText(
      'after',
      examples(
        'lapse render terraform EXC_01K… > exception.tf',
        'lapse render terraform EXC_01K… --json | jq -r ".rendered[].hcl"',
      ),
    )
    .action(async (id, options) =>
      (await import('../actions/render-terraform.ts')).renderTerraform(id, options),
    );
}
