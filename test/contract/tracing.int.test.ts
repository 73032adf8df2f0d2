import { trace } from '@opentelemetry/api';
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { START } from '../support/given.ts';
import { createTestApi } from '../support/test-api.ts';

const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
provider.register();

const lines: string[] = [];
const api = await createTestApi({ logTo: { write: (line) => void lines.push(line) } });
afterAll(async () => {
  await api.close();
  await provider.shutdown();
  trace.disable();
});
beforeEach(() => {
  exporter.reset();
  lines.length = 0;
});

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';

async function draft(headers: Record<string, string>) {
  const answer = await api.send('POST', '/v1/exceptions', {
    as: 'requestor',
    body: { title: 'traced' },
    headers,
  });
  expect(answer.status).toBe(201);
  return exporter.getFinishedSpans();
}

test('a request belongs to the trace that it names, and its transaction to the request', async () => {
  const spans = await draft({ traceparent: `00-${TRACE}-${PARENT}-01` });
  const request = spans.find(({ name }) => name === 'POST /v1/exceptions');
  expect(request?.spanContext().traceId).toBe(TRACE);
  expect(request?.parentSpanContext?.spanId).toBe(PARENT);
  expect(request?.attributes).toMatchObject({
    'http.route': '/v1/exceptions',
    'http.response.status_code': 201,
  });
  const transactions = spans.filter(({ name }) => name === 'transaction');
  // The body was read in between, which is where a context gets lost.
  expect(transactions.at(-1)?.parentSpanContext?.spanId).toBe(request?.spanContext().spanId);
});

test.each(['', 'nonsense', `00-${'0'.repeat(32)}-${PARENT}-01`, `ff-${TRACE}-${PARENT}-01`])(
  'the traceparent %j begins a trace of its own',
  async (traceparent) => {
    const spans = await draft({ traceparent });
    const request = spans.find(({ name }) => name === 'POST /v1/exceptions');
    expect(request?.parentSpanContext).toBeUndefined();
    expect(request?.spanContext().traceId).not.toBe(TRACE);
  },
);

test('log lines name the trace', async () => {
  await draft({ traceparent: `00-${TRACE}-${PARENT}-01` });
  const line = lines.map((each) => JSON.parse(each)).find((each) => each.msg === 'request');
  expect(line?.trace_id).toBe(TRACE);
});

test('spans hold neither ids nor what people wrote', async () => {
  await draft({});
  await api.send('GET', '/v1/exceptions/EXC_SECRET?q=secretquery', { as: 'auditor' });
  await api.send('GET', '/v1/exceptions?q=secretquery', { as: 'auditor' });
  const said = JSON.stringify(
    exporter.getFinishedSpans().map(({ name, attributes, status, events }) => ({
      name,
      attributes,
      status,
      events,
    })),
  );
  expect(said).not.toMatch(/SECRET|secretquery|traced/);
});

test('due work that did something is a span, and idle passes are none', async () => {
  await draft({});
  exporter.reset();
  await api.moveTo(START + 1_000);
  const due = exporter.getFinishedSpans().filter(({ name }) => name.startsWith('due '));
  expect(due.map(({ name }) => name)).toContain('due ledger-sequencing');
  expect(due.every(({ attributes }) => Number(attributes['lapse.due.rows']) > 0)).toBe(true);
});
