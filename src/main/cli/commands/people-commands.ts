import { type Command, Option } from 'commander';
import { PERSON_ROLES } from '../../../domain/access/actor.ts';
import { CLASSIFICATIONS } from '../../../domain/exception/fields.ts';
import { examples, JSON_FLAG, repeatable } from './option-values.ts';

const actions = () => import('../actions/people.ts');
const leaving = () => import('../actions/leaving.ts');
const groupActions = () => import('../actions/groups.ts');
const role = () => repeatable('--role <role>', 'what they may do', PERSON_ROLES);
const clearance = () =>
  new Option('--clearance <level>', 'content above it is not shown').choices([...CLASSIFICATIONS]);

/** `people` and `groups`: who may sign in, in which roles. */
export function addPeopleCommands(program: Command): void {
  addPeople(program);
  addGroups(program);
}

function addPeople(program: Command): void {
  const people = program
    .command('people')
    .helpCommand(false)
    .description('list, add, set, deactivate, reactivate, leaving, reassign: who may sign in')
    .addHelpText('after', examples('lapse people list', 'lapse people add --help'));
  people
    .command('list')
    .description('who may sign in, in which roles')
    .option('--all', 'those who have left too')
    .option(...JSON_FLAG)
    .addHelpText('after', examples('lapse people list', 'lapse people list --all --json'))
    .action(async (options) => (await actions()).listPeople(options));
  people
    .command('add')
    .description('add a person before they sign in')
    .requiredOption('--name <name>', 'what they are called')
    .option('--email <address>', 'who signs in with it is this person')
    .addOption(role())
    .addOption(clearance())
    .option(...JSON_FLAG)
    .addHelpText(
      'after',
      examples('lapse people add --name "J. Chen" --email jchen@example.com --role ciso'),
    )
    .action(async (options) => (await actions()).addPerson(options));
  people
    .command('set <person>')
    .description('change a person, by id or address')
    .option('--name <name>', 'what they are called')
    .option('--email <address>', 'who signs in with it is this person')
    .addOption(role())
    .addOption(clearance())
    .option(...JSON_FLAG)
    .addHelpText('after', examples('lapse people set jchen@example.com --role security'))
    .action(async (person, options) => (await actions()).setPerson(person, options));
  for (const name of ['deactivate', 'reactivate'] as const) {
    people
      .command(`${name} <person>`)
      .description(
        name === 'deactivate'
          ? 'take sessions and tokens from who leaves; history keeps the name'
          : 'let a person sign in again',
      )
      .requiredOption('--reason <text>', 'why; kept in the ledger')
      .option(...JSON_FLAG)
      .addHelpText('after', examples(`lapse people ${name} jchen@example.com --reason "…"`))
      .action(async (person, options) => (await actions()).turnPerson(name, person, options));
  }
  people
    .command('leaving [person]')
    .description('who has left and answers for records; of one person, which ones')
    .option(...JSON_FLAG)
    .addHelpText(
      'after',
      examples('lapse people leaving', 'lapse people leaving jchen@example.com'),
    )
    .action(async (person, options) => (await leaving()).showLeaving(person, options));
  people
    .command('reassign <person>')
    .description('give everything that a person answers for to another owner')
    .requiredOption('--to-name <name>', 'who owns it from now on')
    .option('--to-email <address>', 'their address')
    .option(...JSON_FLAG)
    .addHelpText(
      'after',
      examples(
        'lapse people reassign jchen@example.com --to-name "I. Almeida" \\',
        '  --to-email ialmeida@example.com',
      ),
    )
    .action(async (person, options) => (await leaving()).reassign(person, options));
}

function addGroups(program: Command): void {
  const groups = program
    .command('groups')
    .helpCommand(false)
    .description('list, map: the groups of the directory, and what follows from them')
    .addHelpText('after', examples('lapse groups list', 'lapse groups map --help'));
  groups
    .command('list')
    .description('the groups, with the roles that follow from them')
    .option(...JSON_FLAG)
    .addHelpText('after', examples('lapse groups list'))
    .action(async (options) => (await groupActions()).listGroups(options));
  groups
    .command('map <group>')
    .description('let roles and clearance follow from a group, by id or name')
    .addOption(role())
    .addOption(clearance())
    .option('--none', 'let nothing follow from it any more')
    .option(...JSON_FLAG)
    .addHelpText(
      'after',
      examples('lapse groups map "Lapse Security" --role security --clearance restricted'),
    )
    .action(async (group, options) => (await groupActions()).mapGroup(group, options));
}
