import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { DueLoopObserver } from '../due/due-loop.ts';

/** What is measured in this process; `registry` gives it in the Prometheus text format. */
export interface Metrics extends DueLoopObserver {
  readonly registry: Registry;
  /** One answered request. `route` is its pattern, never its URL: those have no bound, and hold ids. */
  requestAnswered(request: {
    method: string;
    route: string;
    status: number;
    seconds: number;
  }): void;
}

/** A local answer takes milliseconds; an export takes minutes. */
const REQUEST_SECONDS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60];
const BATCH_SECONDS = [0.005, 0.02, 0.1, 0.5, 2, 10, 60];

/** Metrics with a registry of their own, so that several servers of one process stay apart. */
export function createMetrics(version: string): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: 'lapse_info',
    help: 'The release that runs; always 1.',
    labelNames: ['version'],
    registers,
  }).set({ version }, 1);
  const requests = new Histogram({
    name: 'lapse_http_request_duration_seconds',
    help: 'Time from the first byte of a request to the last of its answer.',
    labelNames: ['method', 'route', 'status'],
    buckets: REQUEST_SECONDS,
    registers,
  });
  const rows = new Counter({
    name: 'lapse_due_rows_total',
    help: 'Rows of due work done by this process.',
    labelNames: ['kind'],
    registers,
  });
  const failures = new Counter({
    name: 'lapse_due_failures_total',
    help: 'Batches of due work that failed in this process; what failed stays due.',
    labelNames: ['kind'],
    registers,
  });
  const batches = new Histogram({
    name: 'lapse_due_batch_duration_seconds',
    help: 'Time of a batch of due work that had rows.',
    labelNames: ['kind'],
    buckets: BATCH_SECONDS,
    registers,
  });
  return {
    registry,
    requestAnswered({ seconds, ...labels }) {
      requests.observe(labels, seconds);
    },
    began(kind) {
      // Counters exist before they count, so that an alert on their rate sees the first failure.
      rows.inc({ kind }, 0);
      failures.inc({ kind }, 0);
    },
    batchDone(kind, count, seconds) {
      rows.inc({ kind }, count);
      batches.observe({ kind }, seconds);
    },
    batchFailed(kind) {
      failures.inc({ kind });
    },
  };
}
