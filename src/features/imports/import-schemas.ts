import { z } from 'zod';
import { exceptionFields } from '../../domain/exception/fields.ts';

/** Largest file in bytes (INTERFACE, Limits: imports 50 MB). */
export const MAX_FILE_BYTES = 50 * 1024 * 1024;

/** Largest record in bytes as it stands in its file: what is stored may have 256 KB by itself. */
export const MAX_RECORD_BYTES = 512 * 1024;

const yesOrNo = z.enum(['true', 'false']).optional();

const mapping = z
  .string()
  .max(1_000)
  .regex(/=/, 'must be Column=field, or Column= to leave the column out');

/** The query of an import. */
export const importQuery = z.strictObject({
  assign: yesOrNo.describe(
    'keep foreign ids, tenants, claims and placeholder ends aside with a note instead of refusing them',
  ),
  dry_run: yesOrNo.describe('check and answer as an import would, and write nothing'),
  preview: yesOrNo.describe(
    'show what each record would become beside every problem, and write nothing',
  ),
  delimiter: z
    .enum(['comma', 'semicolon', 'tab'])
    .optional()
    .describe('of a CSV file; found in its header when left out'),
  map: z
    .union([mapping, z.array(mapping).max(500)])
    .optional()
    .describe(
      'Column=field for a column of a CSV file that is named otherwise; Column= leaves it out',
    ),
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
/** What a file would become, and everything that is wrong with it. */
export const importPreview = z.object({
  records: z
    .array(
      importedRecord.extend({
        exception_id: z
          .string()
          .optional()
          .describe('that of the file, or of the record it is here'),
        result: z.enum(['created', 'unchanged']),
        fields: exceptionFields,
        claims: z
          .object({ status: z.string().optional(), approvals: z.array(z.unknown()) })
          .nullable(),
        notes: z.array(remark),
      }),
    )
    .describe('the first 200 without problems'),
  problems: z.array(remark).describe('the first 1,000'),
  warnings: z.array(remark),
  counts: z.object({ created: z.int(), unchanged: z.int(), problems: z.int() }),
});
export type ImportPreview = z.output<typeof importPreview>;
export type ImportAnswer = z.output<typeof importAnswer>;
/** A remark with its place in the file. */
export type PlacedRemark = z.output<typeof remark>;
