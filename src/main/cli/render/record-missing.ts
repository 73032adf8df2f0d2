import type { ExceptionRecord } from '@lapse/client';
import { missingForRequest } from '../../../domain/exception/completeness.ts';
import { colours } from '../terminal/colours.ts';
import { renderSection } from './section.ts';

/** What a draft lacks before approval can be asked for; nothing for any other record. */
export function missingSection(record: ExceptionRecord, width: number): string {
  const lines = missingFields(record).map(({ path, message }) => ({
    mark: colours.yellow('○'),
    text: `${path}: ${message.replace('is required for a request: ', '')}`,
  }));
  return renderSection('Missing for a request', lines, width);
}

/** The fields that a draft still lacks, with what would pass. */
export function missingFields(record: ExceptionRecord) {
  return record.status === 'Draft' ? missingForRequest(record) : [];
}
