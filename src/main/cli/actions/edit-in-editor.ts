import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { confirm } from '@clack/prompts';
import { type ExceptionRecord, RECORD_FIELDS } from '@lapse/client';
import { stringify } from 'yaml';
import { CommandFailure, EXIT } from '../terminal/command-failure.ts';
import { reportFailure } from '../terminal/report-failure.ts';
import { wrapTo } from '../terminal/text-layout.ts';
import { type Fields, fieldsOfText } from './field-file.ts';

/**
 * Opens the fields in $VISUAL or $EDITOR and sends what was changed, and nothing else. What is
 * refused can be mended at once, or stays in the file, so that nobody writes it twice. `undefined`
 * where nothing changed.
 */
export async function editInEditor<Answer>(
  record: ExceptionRecord,
  current: Fields,
  send: (changes: Fields) => Promise<Answer>,
): Promise<Answer | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'lapse-edit-'));
  const file = join(folder, `${record.exception_id}.yaml`);
  writeFileSync(file, heading(record) + stringify(current, { lineWidth: 100 }), { mode: 0o600 });
  for (;;) {
    openEditor(file);
    try {
      const edited = await fieldsOfText(readFileSync(file, 'utf8'), 'what you wrote');
      const changes = differences(current, edited);
      const answer = Object.keys(changes).length === 0 ? undefined : await send(changes);
      rmSync(folder, { recursive: true, force: true });
      return answer;
    } catch (error) {
      const exitCode = reportFailure(error);
      const again = await confirm({ message: 'Open the editor again?' });
      if (again === true) continue;
      throw new CommandFailure('nothing was changed', {
        exitCode,
        next: `what you wrote is kept: lapse edit ${record.exception_id} --file ${file}`,
      });
    }
  }
}

/** The fields whose value differs; those that are gone are taken away. */
function differences(before: Fields, after: Fields): Fields {
  const changed = Object.entries(after).filter(
    ([name, value]) => !isDeepStrictEqual(value, before[name]),
  );
  const gone = Object.keys(before).filter((name) => !(name in after));
  return {
    ...Object.fromEntries(changed),
    ...Object.fromEntries(gone.map((name) => [name, null])),
  };
}

function openEditor(file: string): void {
  const editor = process.env.VISUAL || process.env.EDITOR || 'vi';
  // As every program does: the variable may hold options, so the shell takes it apart.
  const { status, error } = spawnSync('/bin/sh', ['-c', `${editor} "$1"`, 'sh', file], {
    stdio: 'inherit',
  });
  if (!error && status === 0) return;
  throw new CommandFailure(`the editor did not end well (${editor})`, {
    exitCode: EXIT.undecided,
    next: 'set EDITOR to one that is there, or use --set path=value',
  });
}

function heading({ exception_id, status }: ExceptionRecord): string {
  const choices = RECORD_FIELDS.flatMap((field) =>
    'values' in field ? [`  ${field.name}: ${field.values.join(', ')}`] : [],
  );
  const known = RECORD_FIELDS.map(({ name }) => name).filter((name) => name !== 'tenant_org');
  return [
    `${exception_id}, ${status}. Save and close to send what you changed; a field that you remove is`,
    'taken away. To edit what was approved voids the approvals. Values to choose from:',
    ...choices,
    ...wrapTo(`Fields: ${known.join(', ')}`, 96),
  ]
    .map((line) => `# ${line}\n`)
    .concat('\n')
    .join('');
}
