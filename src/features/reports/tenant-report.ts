import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { FULL_CLEARANCE } from '../../domain/access/clearance.ts';
import type { Principal } from '../../domain/access/principal.ts';
import {
  type IdPage,
  type PageRequest,
  pageOf,
  pageParameters,
} from '../../platform/http/paging.ts';
import { summaryReport } from './report-schemas.ts';
import type { ReportViews } from './report-views.ts';
import { summary } from './reports.ts';

interface Sources {
  readonly reports: ReportViews;
  /** A page of the tenants, for an operator alone. */
  readonly list: (
    principal: Principal,
    page: PageRequest,
  ) => Promise<IdPage<{ readonly tenant_id: string; readonly state: string }>>;
}

const item = summaryReport.extend({ state: z.string() });

/** `/v1/reports/tenants`: every tenant in numbers, for an operator; no content of any. */
export function addTenantReport(app: FastifyInstance, { reports, list }: Sources): void {
  app.get(
    '/reports/tenants',
    {
      config: { permission: 'tenant:read' },
      schema: {
        tags: ['reports'],
        summary: 'The registers of all tenants in numbers, the newest tenant first',
        querystring: z.strictObject(pageParameters),
        response: { 200: pageOf(item) },
      },
    },
    async (request) => {
      const page = await list(request.principal, request.query as PageRequest);
      const items: z.output<typeof item>[] = [];
      // One after the other: a page of large registers must not take every connection.
      for (const { tenant_id: tenantId, state } of page.items) {
        // Numbers alone, of whatever is there: no content of any.
        const counts = await reports.read({ tenantId, clearance: FULL_CLEARANCE });
        items.push({ ...summary(counts), state });
      }
      return { items, next_cursor: page.next_cursor };
    },
  );
}
