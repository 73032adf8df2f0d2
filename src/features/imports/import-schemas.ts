import { z } from 'zod';

/** Largest file in bytes (INTERFACE, Limits: imports 50 MB). */
export const MAX_FILE_BYTES = 50 * 1024 * 1024;

const yesOrNo = z.enum(['true', 'false']).optional();

/** The query of an import. */
export const importQuery = z.strictObject({
  assign: yesOrNo.describe(
    'keep foreign ids, tenants, claims and placeholder ends aside with a note instead of refusing them',
  ),
  dry_run: yesOrNo.describe('check and answer as an import would, and write nothing'),
});
export type ImportQuery = z.output<typeof importQuery>;

const remark = z.object({
  path: z.string().describe('the field in its record, dotted; empty for the whole of it'),
  message: z.string(),
  line: z.int().describe('1-based, in the file'),
  column: z.int().describe('1-based, in UTF-16 code units as editors count them'),
});

const importedRecord = z.object({ title: z.string(), line: z.int() });

/** What an import did, or with `dry_run` what it would do. */
export const importAnswer = z.object({
  created: z.array(
    importedRecord.extend({
      exception_id: z.string().optional().describe('left out by a dry run'),
      notes: z.array(remark).describe('what was changed on the way'),
    }),
  ),
  unchanged: z
    .array(importedRecord.extend({ exception_id: z.string(), reason: z.string() }))
    .describe('records that were imported before'),
  warnings: z.array(remark).describe('what was read otherwise than it is written'),
  total: z.int().describe('records in the file'),
});
export type ImportAnswer = z.output<typeof importAnswer>;
/** A remark with its place in the file. */
export type PlacedRemark = z.output<typeof remark>;
