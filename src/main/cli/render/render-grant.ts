import { grantSentence } from '../../../domain/enforcement/grant-words.ts';
import { colours } from '../terminal/colours.ts';
import { safeLine, safeText } from '../terminal/output.ts';
import { wrapTo } from '../terminal/text-layout.ts';
import { type Grant, standingStyle, standingText } from './grant-status.ts';
import { stepText } from './grant-steps-text.ts';
import { renderNext } from './next-step.ts';
import { type Line, labelled, renderSection } from './section.ts';
import { timeText } from './time-text.ts';

const MODES: Readonly<Record<Grant['mode'], string>> = {
  observe: 'observe: people put it in place and take it away, and Lapse looks',
  remove: 'remove: people put it in place, and Lapse takes it away',
  manage: 'manage: Lapse puts it in place and takes it away',
};

/** One grant, whole: where it stands and who says so, what is next, and what was tried. */
export function renderGrant(grant: Grant, width: number, now: number): string {
  const { grant_id, exception_id, removal_task: task } = grant;
  const isOpen = task !== null && task.ended === null;
  const sections = [
    ...wrapTo(safeLine(grantSentence(grant.grant)), width).map((line) => colours.bold(line)),
    `${colours.dim(grant_id)}  ${standingStyle(`● ${standingText(grant, now)}`, grant)}`,
    '',
    renderSection('Where it stands', standingLines(grant), width),
    renderSection('Removal task', task ? taskLines(task) : [], width),
    renderSection('Tried, and not done', triedLines(grant), width),
    isOpen
      ? renderNext(
          {
            what: 'take it away, and say what shows that it is gone',
            command: `lapse attest ${task.task_id} --statement … --link …`,
          },
          width,
        )
      : '',
    colours.dim(`record: lapse show ${exception_id}`),
  ];
  return sections.filter((section, at) => section !== '' || at < 3).join('\n');
}

function standingLines(grant: Grant): Line[] {
  const { placed, attested, next, afterwards, handed_over_to, taken_over_from } = grant;
  return labelled([
    ['Since', timeText(grant.since)],
    ['Said by', saidBy(grant)],
    ['Mode', MODES[grant.mode]],
    ['Connection', grant.connection ?? 'none reaches it: people see to it'],
    ['In the cloud', placed && placedText(placed)],
    ['Attested', attested && safeText(attested.statement)],
    ['Shown at', attested?.links.map(safeLine).join('\n')],
    ['Overdue since', grant.overdue_since && timeText(grant.overdue_since)],
    ['Next', next && stepText(next)],
    ['After that', afterwards && stepText(afterwards)],
    ['Goes on from', taken_over_from],
    ['Goes on as', handed_over_to],
  ]);
}

function saidBy({ said_by, attested }: Grant): string {
  if (said_by === 'cloud') return 'the cloud, as it was read';
  if (said_by === 'record') return 'what the record asks for; the cloud was not read since';
  const at = attested ? ` at ${timeText(attested.at)}` : '';
  return `${safeLine(said_by.name)}, by their word${at}`;
}

function placedText({ id, ours, ends_at }: NonNullable<Grant['placed']>): string {
  const mark = ours ? 'with the mark of Lapse' : 'put there by others';
  const end = ends_at === null ? '' : `, where it ends ${timeText(ends_at)}`;
  return `${safeLine(id)}\n${mark}${end}`;
}

function taskLines(task: NonNullable<Grant['removal_task']>): Line[] {
  return [
    ...labelled([
      ['Task', task.task_id],
      ['Open since', timeText(task.opened_at)],
      ['Because', safeText(task.reason)],
      ['Ended', task.ended && `${timeText(task.ended.at)}, ${ENDS[task.ended.how]}`],
    ]),
    ...task.escalated.map(({ to, at }) => ({
      mark: colours.yellow('!'),
      text: `escalated to ${to} at ${timeText(at)}`,
    })),
  ];
}

const ENDS = {
  attested: 'by the word of a person',
  'seen-gone': 'seen gone',
  'handed-over': 'the renewal goes on with it',
} as const;

function triedLines({ tried, failed_calls }: Grant): Line[] {
  const lines = tried.map(({ at, operation, outcome, message }) => ({
    mark: '·',
    text: `${timeText(at)}  ${operation}, ${outcome}: ${safeText(message)}`,
  }));
  const unlisted = failed_calls - tried.length;
  return unlisted > 0 ? [{ mark: ' ', text: `${unlisted} before these` }, ...lines] : lines;
}
