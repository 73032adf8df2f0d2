import { dataOf, type HoldingList, type LapseClient } from '@lapse/client';
import { renderTable } from '../render/render-table.ts';
import { timeText } from '../render/time-text.ts';
import { CommandFailure, EXIT } from '../terminal/command-failure.ts';
import { connect } from '../terminal/connection.ts';
import { print, printJson, remark, safeLine, terminalWidth } from '../terminal/output.ts';
import { progressLine } from '../terminal/progress-line.ts';
import { allItems, MOST_A_PAGE } from './all-items.ts';
import type { AnswerOptions } from './answer-record.ts';
import { personIdOf } from './people.ts';

type Holding = HoldingList['items'][number];

/** `lapse people leaving`: who has left and answers for records; of one person, the records. */
export async function showLeaving(
  given: string | undefined,
  { json }: AnswerOptions,
): Promise<void> {
  const client = connect();
  if (given === undefined) return showLeavers(client, json === true);
  const items = await readHoldings(client, await personIdOf(client, given));
  if (json) return printJson({ items, next_cursor: null });
  if (items.length === 0) return remark(`${safeLine(given)} answers for nothing that is open`);
  print(
    renderTable(
      items,
      [
        { title: 'ID', text: ({ exception_id }) => exception_id },
        { title: 'STATUS', text: ({ status }) => status },
        { title: 'AS', text: (one) => one.as },
      ],
      terminalWidth(),
    ),
  );
}

interface ReassignOptions extends AnswerOptions {
  readonly toName: string;
  readonly toEmail?: string;
}

/** `lapse people reassign PERSON`: in bulk; one that is refused holds up no other. */
export async function reassign(given: string, options: ReassignOptions): Promise<void> {
  const { toName: name, toEmail: email, json } = options;
  const client = connect();
  const holdings = await readHoldings(client, await personIdOf(client, given));
  const owners = [{ name, ...(email === undefined ? {} : { email }) }];
  const results: { id: string; ok: boolean; problem: { detail: string } | null }[] = [];
  const progress = progressLine();
  for (let first = 0; first < holdings.length; first += MOST_A_PAGE) {
    progress.update(`${first} of ${holdings.length} reassigned`);
    const ids = holdings.slice(first, first + MOST_A_PAGE).map((one) => one.exception_id);
    const answer = await dataOf(client.POST('/v1/bulk/reassign', { body: { ids, owners } }));
    results.push(...answer.results);
  }
  progress.done();
  const refused = results.filter(({ ok }) => !ok);
  const done = results.length - refused.length;
  if (json) printJson({ done, refused: refused.length, results });
  else if (holdings.length === 0) remark(`${safeLine(given)} answers for nothing that is open`);
  else print(`${done} of ${results.length} belong to ${safeLine(name)} now`);
  if (refused.length === 0) return;
  throw new CommandFailure(`${refused.length} could not be reassigned`, {
    exitCode: EXIT.refused,
    details: refused.map(({ id, problem }) => ({ at: id, message: problem?.detail ?? '' })),
  });
}

async function showLeavers(client: LapseClient, json: boolean): Promise<void> {
  const tasks = await allItems((query) => dataOf(client.GET('/v1/tasks', { params: { query } })));
  const items = tasks.filter(({ kind }) => kind === 'reassign');
  if (json) return printJson({ items, next_cursor: null });
  if (items.length === 0) return remark('nobody who has left answers for anything');
  print(
    renderTable(
      items,
      [
        { title: 'PERSON', text: ({ subject_id }) => subject_id },
        { title: 'SINCE', text: ({ opened_at }) => timeText(opened_at), dispensable: 1 },
        { title: 'WHAT', text: ({ detail }) => safeLine(detail), least: 24 },
      ],
      terminalWidth(),
    ),
  );
}

function readHoldings(client: LapseClient, id: string): Promise<Holding[]> {
  return allItems((query) =>
    dataOf(client.GET('/v1/people/{id}/holdings', { params: { path: { id }, query } })),
  );
}
