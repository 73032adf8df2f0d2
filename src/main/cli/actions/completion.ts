import { type RootCommand, script } from '@bomb.sh/tab';
import describeCommands from '@bomb.sh/tab/commander';
import type { Command } from 'commander';
import { templatesInForce } from '../policy/templates-in-force.ts';
import { connect } from '../terminal/connection.ts';
import { safeLine } from '../terminal/output.ts';

/** `lapse completion bash|zsh|fish`: the script that asks `lapse complete` at every TAB. */
export function printCompletionScript(shell: string): void {
  script(shell, 'lapse', 'lapse');
}

/**
 * What could stand where the cursor is, one a line: commands, options, their values, and the ids of
 * exceptions and the names of templates where a server can be asked. Nothing at all rather than an error: a shell that is
 * completing has no place for one.
 *
 * @param words what stands on the line after `lapse`, the last of them unfinished.
 */
export async function complete(program: Command, words: readonly string[]): Promise<void> {
  const commands = describeCommands(program, { completionCommandName: 'completion' });
  if (words.length > 1) await offerIds(commands, words);
  await offerTemplates(commands, words);
  commands.parse([...words]);
}

const OFFERED = 50;
/** A TAB that hangs is worse than one without ids. */
const PATIENCE_MS = 1_500;

async function offerIds(commands: RootCommand, words: readonly string[]): Promise<void> {
  const [first = '', second = ''] = words;
  const typed = commands.commands.get(`${first} ${second}`) ?? commands.commands.get(first);
  const id = typed?.arguments.get('id');
  const last = words.at(-1) ?? '';
  if (!id || last.startsWith('-')) return;
  const known = await recentExceptions().catch(() => []);
  id.handler = (offer) => {
    for (const { exception_id, title } of known) offer(exception_id, safeLine(title));
  };
}

async function offerTemplates(commands: RootCommand, words: readonly string[]): Promise<void> {
  const template = commands.commands.get(words[0] ?? '')?.options.get('template');
  const isAsked =
    /^(-t|--template)$/.test(words.at(-2) ?? '') || words.at(-1)?.startsWith('--template=');
  if (!template || !isAsked) return;
  const known = await templatesInForce(patientClient()).catch(() => ({ items: [] }));
  template.handler = (offer) => {
    for (const { name, summary } of known.items) offer(name, safeLine(summary));
  };
}

function patientClient() {
  return connect(process.env, {
    fetch: (input, init) => fetch(input, { ...init, signal: AbortSignal.timeout(PATIENCE_MS) }),
  });
}

async function recentExceptions() {
  const query = { limit: OFFERED, sort: '-updated_at' };
  const { data } = await patientClient().GET('/v1/exceptions', { params: { query } });
  return data?.items ?? [];
}
