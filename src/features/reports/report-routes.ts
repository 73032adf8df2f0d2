import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import {
  agingReport,
  domainReport,
  environmentReport,
  renewalsReport,
  severityReport,
  summaryReport,
} from './report-schemas.ts';
import type { CountedTenant, ReportViews } from './report-views.ts';
import { aging, domain, environment, renewals, severity, summary } from './reports.ts';

interface Report {
  readonly about: string;
  readonly answer: z.ZodType;
  readonly make: (counted: CountedTenant) => unknown;
}

/** The views of 000 section 5 and what goes with them, by the last part of their path. */
const REPORTS: Readonly<Record<string, Report>> = {
  summary: {
    about: 'How many are open, expiring, overdue, lack evidence, or are on their way',
    answer: summaryReport,
    make: summary,
  },
  severity: {
    about: 'Open exceptions by severity, each with its ages',
    answer: severityReport,
    make: severity,
  },
  aging: {
    about: 'Open exceptions by whole days since activation',
    answer: agingReport,
    make: aging,
  },
  domain: { about: 'Open exceptions by category', answer: domainReport, make: domain },
  environment: {
    about: 'Open exceptions by environment, of the caller’s tenant',
    answer: environmentReport,
    make: environment,
  },
  renewals: {
    about: 'Exceptions by their number in a chain of renewals',
    answer: renewalsReport,
    make: renewals,
  },
};

/** `/v1/reports/…`: the register in numbers, exact at the instant that each answer names. */
export function addReportRoutes(app: FastifyInstance, views: ReportViews): void {
  for (const [name, { about, answer, make }] of Object.entries(REPORTS)) {
    app.get(
      `/reports/${name}`,
      {
        config: { permission: 'report:read' },
        schema: {
          tags: ['reports'],
          summary: about,
          querystring: z.strictObject({}),
          response: { 200: answer },
        },
      },
      async (request) => make(await views.read(request.principal)),
    );
  }
}
