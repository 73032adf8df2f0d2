import type { paths } from '@lapse/client';
import { safeText } from '../terminal/output.ts';
import { renderSection } from './section.ts';
import { timeText } from './time-text.ts';

type Comment =
  paths['/v1/exceptions/{id}/comments']['get']['responses'][200]['content']['application/json']['items'][number];

/** The talk beside a record, oldest first. */
export function renderComments(comments: readonly Comment[], width: number): string {
  const lines = comments.map(({ author, created_at, body }) => ({
    mark: '·',
    text: `${safeText(author.name)}, ${timeText(created_at)}: ${safeText(body)}`,
  }));
  return renderSection('Comments', lines, width);
}
