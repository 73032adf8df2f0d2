import type { ExceptionRecord } from '@lapse/client';
import { grantSentence } from '../../../domain/enforcement/grant-words.ts';
import { colours } from '../terminal/colours.ts';
import { safeLine } from '../terminal/output.ts';
import { type Grant, standingStyle, standingText } from './grant-status.ts';
import { type Line, renderSection } from './section.ts';

/**
 * What a record gives, said plainly, and where each piece stands; `grants` is `undefined` where whoever
 * asks may not know that.
 */
export function accessSection(
  { grants: listed = [] }: ExceptionRecord,
  grants: readonly Grant[] | undefined,
  { width, now }: { readonly width: number; readonly now: number },
): string {
  const lines = listed.flatMap((spec, index): Line[] => {
    const grant = grants?.find(({ grant_id }) => grant_id.endsWith(`-${index + 1}`));
    const line = { mark: markOf(grant), text: safeLine(grantSentence(spec)) };
    if (!grant) return [line];
    const text = `${standingText(grant, now)}  ${grant.grant_id}`;
    return [line, { mark: ' ', text, style: (part) => standingStyle(part, grant) }];
  });
  const untold =
    grants === undefined
      ? [{ mark: ' ', text: 'where it stands is not shown to this token (grant:read)' }]
      : [];
  return renderSection(
    'Access that it gives',
    lines.length > 0 ? [...lines, ...untold] : [],
    width,
  );
}

function markOf(grant: Grant | undefined): string {
  if (!grant) return '·';
  if (grant.overdue_since !== null) return colours.red('!');
  if (grant.status === 'removed') return colours.green('✓');
  return grant.status === 'in-place' ? colours.green('●') : colours.yellow('○');
}
