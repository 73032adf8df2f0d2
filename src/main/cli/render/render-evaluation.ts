import { requirementText } from '../../../domain/policy/approval-progress.ts';
import type { Requirement } from '../../../domain/policy/policy.ts';
import type { Evaluation } from '../../../features/policy/policy-wire.ts';
import { colours } from '../terminal/colours.ts';
import { safeLine } from '../terminal/output.ts';
import { type Line, labelled, renderSection } from './section.ts';
import { timeText } from './time-text.ts';

type Limit = Evaluation['maximum'];
type Problem = Evaluation['missing'][number];

/** What a policy says of a record and why: what follows, and below it which rules matched. */
export function renderEvaluation(answer: Evaluation, pack: string, width: number): string {
  const approvals = answer.approvals.map((one): Line => {
    const { source } = one;
    const why = `rule ${one.rule}; ${source}`;
    return { mark: colours.yellow('○'), text: safeLine(`${roleText(one)} (${why})`) };
  });
  return [
    renderSection(`Policy ${safeLine(pack)}`, [{ mark: ' ', text: answer.policy }], width),
    renderSection('Approvals', approvals, width),
    renderSection('Time', timeLines(answer), width),
    renderSection('Missing', answer.missing.map(problemLine), width),
    renderSection('Would be refused', answer.refusals.map(problemLine), width),
    renderSection('Wide scope', answer.wide_scopes.map(problemLine), width),
    renderSection('Shown and announced', announced(answer), width),
    renderSection('What each rule asks', askingLines(answer), width),
    renderSection('Rules that do not match', unmatchedLines(answer), width),
  ]
    .filter((section) => section !== '')
    .join('\n');
}

function roleText(requirement: Evaluation['approvals'][number]): string {
  const { step } = requirement;
  const after = step === undefined || step === 1 ? '' : `, in step ${step}`;
  return `${requirementText(requirement as Requirement)}${after}`;
}

function timeLines(answer: Evaluation): Line[] {
  const { maximum, default: usual, extension, total } = answer;
  return labelled([
    ['At most', limitText(maximum)],
    ['Latest end', `${timeText(answer.maximum_end)}, were it approved now`],
    ['Its end', answer.expires_at && timeText(answer.expires_at)],
    ['Without an end', usual.duration === maximum.duration ? '' : limitText(usual)],
    ['One extension', limitText(extension)],
    ['With it at most', limitText(total)],
  ]);
}

function announced({ reminders, recurring_reminder, monitoring, gates }: Evaluation): Line[] {
  return labelled([
    ['Reminders', reminders.join(', ')],
    ['Again and again', recurring_reminder && limitText(recurring_reminder)],
    ['Telemetry', monitoring.map(({ name }) => name).join(', ')],
    ...Object.entries(gates).map(([gate, roles]) => [`May ${gate}`, roles.join(', ')] as const),
  ]);
}

function limitText({ duration, rule, source }: Limit): string {
  return safeLine(`${duration} (rule ${rule}; ${source})`);
}

function problemLine({ path, message }: Problem): Line {
  return { mark: colours.red('✗'), text: safeLine(path === '' ? message : `${path}: ${message}`) };
}

function askingLines({ effects }: Evaluation): Line[] {
  return effects.flatMap(({ effect, askings }) =>
    askings.map(({ rule, asks, wins }, index): Line => {
      const text = safeLine(`${rule}: ${asksText(asks)}${wins ? '' : ' (another rule decides)'}`);
      const label = index === 0 ? effect.replaceAll('_', ' ') : '';
      return { label, text, style: wins ? (said) => said : colours.dim };
    }),
  );
}

function asksText(asks: unknown): string {
  if (typeof asks === 'string') return asks;
  if (Array.isArray(asks)) return asks.map(asksText).join(', ');
  if (typeof asks !== 'object' || asks === null) return String(asks);
  const { role, count, step, fallback, ...others } = asks as Record<string, unknown>;
  if (role === undefined)
    return Object.entries(others)
      .map(([name, value]) => `${name} by ${asksText(value)}`)
      .join('; ');
  const instead = fallback === undefined ? '' : ` (else ${fallback})`;
  return `${count === undefined ? '' : `${count} x `}${role}${instead}${step === undefined ? '' : ` in step ${step}`}`;
}

function unmatchedLines({ unmatched }: Evaluation): Line[] {
  return unmatched.map(({ id, unmet }) => {
    const others = unmet.map((name) => name.replaceAll('_', ' ')).join(', ');
    return { mark: '·', text: safeLine(`${id}: other ${others}`), style: colours.dim };
  });
}
