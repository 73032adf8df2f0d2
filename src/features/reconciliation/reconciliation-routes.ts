import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { DomainError } from '../../domain/errors.ts';
import { idempotencyOf } from '../../platform/http/caller.ts';
import { type PageRequest, pageOf, pageParameters } from '../../platform/http/paging.ts';
import type { ReconciliationService } from './reconciliation-service.ts';
import type { ReconciliationViews } from './reconciliation-views.ts';
import { reportAnswer, runAnswer, toReportAnswer, toRunAnswer } from './reconciliation-wire.ts';
import { REPORT_FORMATS, type ReportFormat } from './report-formats.ts';

const tags = ['reconciliation'];
const id = z.string().regex(/^[\w-]{1,64}$/, 'is not an id');

/** `/v1/reconciliations`: the clouds compared with the register, and the reports of it. */
export function addReconciliationRoutes(
  app: FastifyInstance,
  {
    views,
    service,
  }: { readonly views: ReconciliationViews; readonly service: ReconciliationService },
): void {
  app.post(
    '/reconciliations',
    {
      config: { permission: 'reconciliation:run' },
      schema: {
        tags,
        summary: 'Compare the clouds with the register now; answers the one that is under way',
        response: { 202: reportAnswer },
      },
    },
    async (request, reply) => {
      const { principal } = request;
      const idempotency = idempotencyOf(request, principal.actor.id);
      return reply.code(202).send(toReportAnswer(await service.start(principal, idempotency)));
    },
  );

  app.get(
    '/reconciliations',
    {
      config: { permission: 'grant:read' },
      schema: {
        tags,
        summary: 'The reports, newest first',
        querystring: z.strictObject(pageParameters),
        response: { 200: pageOf(runAnswer) },
      },
    },
    async ({ principal, query }) => {
      const { items, next_cursor } = await views.list(principal, query as PageRequest);
      return { items: items.map(toRunAnswer), next_cursor };
    },
  );

  app.get(
    '/reconciliations/:id',
    {
      config: { permission: 'grant:read' },
      schema: {
        tags,
        summary: 'One report: what was checked, and what was found new, still open and solved',
        params: z.object({ id }),
        response: { 200: reportAnswer },
      },
    },
    async (request) => toReportAnswer(await views.get(request.principal, idOf(request))),
  );

  app.get(
    '/reconciliations/:id/report.:format',
    {
      config: { permission: 'grant:read' },
      // Answering the headers alone would cost as much as the whole.
      exposeHeadRoute: false,
      schema: {
        tags,
        summary: 'One report with its findings, as a file: json, csv or md',
        params: z.object({ id, format: z.string() }),
        response: { 200: z.string() },
      },
    },
    async (request, reply) => {
      const { principal } = request;
      const { format: ending } = request.params as { format: string };
      const format = formatOf(ending);
      const report = toReportAnswer(await views.get(principal, idOf(request)));
      const { reconciliation_id } = report;
      const findings = () => views.findings(principal, reconciliation_id);
      const body = Readable.from(format.write({ report, findings }), { objectMode: false });
      reply.raw.once('close', () => body.destroy());
      return reply
        .type(format.mediaType)
        .header('content-disposition', `attachment; filename="${reconciliation_id}.${ending}"`)
        .send(body);
    },
  );
}

function formatOf(ending: string): ReportFormat {
  const formats: Readonly<Record<string, ReportFormat>> = REPORT_FORMATS;
  const format = Object.hasOwn(formats, ending) ? formats[ending] : undefined;
  if (format) return format;
  const names = Object.keys(formats).map((one) => `report.${one}`);
  throw new DomainError('not-found', `there is no such report; there are ${names.join(', ')}`);
}

function idOf({ params }: FastifyRequest): string {
  return (params as { id: string }).id;
}
