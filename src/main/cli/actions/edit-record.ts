import {
  type ExceptionEditInput,
  type ExceptionRecord,
  type LapseClient,
  RECORD_FIELDS,
} from '@lapse/client';
import { CommandFailure, EXIT } from '../terminal/command-failure.ts';
import { connect } from '../terminal/connection.ts';
import { isInteractive, print } from '../terminal/output.ts';
import {
  type AnswerOptions,
  answerRecord,
  type RecordAnswer,
  readRecord,
} from './answer-record.ts';
import type { Fields } from './field-file.ts';
import { changedFields, type FieldInput, hasFieldInput } from './field-input.ts';

/** `lapse edit ID`: what was typed, or else what comes back from the editor. */
export async function editRecord(id: string, options: AnswerOptions & FieldInput): Promise<void> {
  const client = connect();
  const record = await readRecord(client, id);
  const current = editableFields(record);
  if (hasFieldInput(options)) {
    const changes = await changedFields(current, options);
    return answerRecord(sendEdit(client, record, changes), options);
  }
  if (!isInteractive()) {
    throw new CommandFailure('nothing was given to change', {
      exitCode: EXIT.usage,
      next: 'lapse edit ID --set path=value, a flag such as --title, or --file PATCH.yaml',
    });
  }
  const { editInEditor } = await import('./edit-in-editor.ts');
  const edited = await editInEditor(record, current, (changes) =>
    sendEdit(client, record, changes),
  );
  if (edited) await answerRecord(Promise.resolve(edited), options);
  else print('unchanged; nothing was sent');
}

/** Only the version that was read is changed, so nobody's edit is undone unseen. */
function sendEdit(
  client: LapseClient,
  { exception_id: id, revision }: ExceptionRecord,
  changes: Fields,
): Promise<RecordAnswer> {
  return client.PATCH('/v1/exceptions/{id}', {
    params: { path: { id }, header: { 'If-Match': `"${revision}"` } },
    body: changes as ExceptionEditInput,
  });
}

/** The fields that people write, in the order of the field dictionary. */
function editableFields(record: ExceptionRecord): Fields {
  const fields: Fields = {};
  for (const { name } of RECORD_FIELDS) {
    const value = (record as Fields)[name];
    if (name !== 'tenant_org' && value !== undefined && value !== null) fields[name] = value;
  }
  return fields;
}
