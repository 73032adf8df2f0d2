import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { DomainError } from '../../domain/errors.ts';
import { formatInstant } from '../../domain/schedule/instant.ts';
import type { SortColumn } from './exception-list-query.ts';
import { EXPORT_FORMATS, type ExportFormat } from './export-formats.ts';
import { listParameters } from './list-parameters.ts';
import type { ExportRequest, OpenRegister, RegisterSnapshot } from './register-export.ts';

const exportParameters = listParameters.omit({ limit: true, cursor: true, count: true });

/** How long one export may keep its snapshot, and how many one process writes at a time. */
const LIMITS = { milliseconds: 30 * 60_000, atOnce: 4 };

/**
 * `GET /v1/exports/register.{csv,json,jsonl,md}`: the register with the list's filters, streamed as
 * fast as the client takes it. An export that cannot be completed ends by breaking the connection:
 * what a client has received whole is whole.
 */
export function addExportRoutes(
  app: FastifyInstance,
  open: OpenRegister,
  limits: Partial<typeof LIMITS> = {},
): void {
  const exports = new RunningExports({ ...LIMITS, ...limits });
  // The server stops within seconds, a large export takes minutes: whoever asked can ask again.
  app.addHook('preClose', async () => exports.stop());
  app.get(
    '/exports/register.:format',
    {
      config: { permission: 'exception:read' },
      // Answering the headers alone would cost as much as the whole.
      exposeHeadRoute: false,
      schema: {
        tags: ['exports'],
        summary: 'The register as a file, filtered and sorted as the list is',
        params: z.object({ format: z.string().describe(FORMATS_TOLD) }),
        querystring: exportParameters,
        response: { 200: z.string() },
      },
    },
    async (request, reply) => {
      const { format: ending } = request.params as { format: string };
      const format = formatOf(ending);
      return exports.send(request, reply, {
        open,
        request: exportRequest(request),
        ending,
        format,
      });
    },
  );
}

const FORMATS_TOLD = Object.entries<ExportFormat>(EXPORT_FORMATS)
  .map(([ending, { about }]) => `${ending}: ${about}`)
  .join('; ');

function formatOf(ending: string): ExportFormat {
  const formats: Readonly<Record<string, ExportFormat>> = EXPORT_FORMATS;
  const format = Object.hasOwn(formats, ending) ? formats[ending] : undefined;
  if (format) return format;
  const names = Object.keys(formats).map((one) => `register.${one}`);
  throw new DomainError('not-found', `there is no such export; there are ${names.join(', ')}`);
}

interface AskedExport {
  readonly open: OpenRegister;
  readonly request: ExportRequest;
  readonly ending: string;
  readonly format: ExportFormat;
}

/** The exports that this process is writing. */
class RunningExports {
  readonly #limits: typeof LIMITS;
  readonly #running = new Set<AbortController>();

  constructor(limits: typeof LIMITS) {
    this.#limits = limits;
  }

  stop(): void {
    const reason = new DomainError('unavailable', 'the server is stopping; ask again');
    for (const running of this.#running) running.abort(reason);
  }

  async send(
    request: FastifyRequest,
    reply: FastifyReply,
    asked: AskedExport,
  ): Promise<FastifyReply> {
    if (this.#running.size >= this.#limits.atOnce) {
      const message = `${this.#limits.atOnce} exports are being written already; try again when one is done`;
      throw new DomainError('unavailable', message);
    }
    const ending = new AbortController();
    this.#running.add(ending);
    const tooLong = setTimeout(
      () => ending.abort(new DomainError('unavailable', 'the export took too long; ask for less')),
      this.#limits.milliseconds,
    );
    reply.raw.once('close', () => ending.abort(new Error('the client went away')));
    let register: RegisterSnapshot | undefined;
    const close = () => {
      clearTimeout(tooLong);
      this.#running.delete(ending);
      register?.close().catch(() => {});
    };
    try {
      register = await asked.open(request.principal, asked.request);
      ending.signal.addEventListener('abort', close, { once: true });
      ending.signal.throwIfAborted();
      const pieces = asked.format.write(register);
      // What goes wrong up to here is answered as a problem like any other.
      const body = Readable.from(bytes(await pieces.next(), pieces), { objectMode: false });
      ending.signal.addEventListener('abort', () => body.destroy(ending.signal.reason), {
        once: true,
      });
      body.once('close', close);
      const day = formatInstant(register.now).slice(0, 10);
      return reply
        .type(asked.format.mediaType)
        .header('content-disposition', `attachment; filename="register-${day}.${asked.ending}"`)
        .send(body);
    } catch (error) {
      close();
      throw ending.signal.aborted ? ending.signal.reason : error;
    }
  }
}

async function* bytes(
  first: IteratorResult<string, void>,
  pieces: AsyncGenerator<string, void>,
): AsyncGenerator<Buffer, void> {
  for (let next = first; !next.done; next = await pieces.next()) yield Buffer.from(next.value);
}

function exportRequest({ query }: FastifyRequest): ExportRequest {
  const { sort, ...filter } = query as z.output<typeof exportParameters>;
  const descending = sort.startsWith('-');
  return { filter, sort: (descending ? sort.slice(1) : sort) as SortColumn, descending };
}
