import type { ReportName } from '@lapse/client';

/** What `lapse report` knows, in the order in which it prints all of it. */
export const REPORT_NAMES: readonly ReportName[] = [
  'summary',
  'severity',
  'aging',
  'domain',
  'environment',
  'renewals',
];
