import {
  formatInstant,
  type Instant,
  parseInstant,
  SECOND,
} from '../../domain/schedule/instant.ts';

/** An end as Azure keeps it: in whole seconds, and never later than it is. */
export function endText(end: Instant): string {
  return formatInstant(Math.floor(end / SECOND) * SECOND).replace('.000Z', 'Z');
}

/** Whether an end that stands in Azure is the one that is wanted. */
export function isEnd(standing: string | null | undefined, wanted: Instant): boolean {
  const end = instantOf(standing);
  return end !== undefined && Math.abs(end - wanted) < SECOND;
}

/** The instant that an answer names, where it names one. */
export function instantOf(text: string | null | undefined): Instant | undefined {
  return text ? parseInstant(text) : undefined;
}
