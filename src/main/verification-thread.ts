import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import {
  type LedgerToVerify,
  type VerificationProgress,
  type VerificationResult,
  verifyLedger,
} from '../journal/verify-ledger.ts';
import { STREAM_KINDS } from './stream-kinds.ts';

/** What the thread is told. */
export type VerificationTask = Pick<LedgerToVerify, 'connection' | 'tenantId' | 'settled'>;

type Message =
  | { readonly progress: VerificationProgress }
  | { readonly result: VerificationResult };

const PURPOSE = 'lapse ledger verification';
/** What is read lives for one page; a larger nursery spares copying it. */
const NURSERY_MB = 96;

/** Verifies a ledger in a thread that runs this very file. Rejects when the signal ends it. */
export function verifyInThread(
  task: VerificationTask,
  onProgress: (progress: VerificationProgress) => void,
  signal: AbortSignal,
): Promise<VerificationResult> {
  const { promise, resolve, reject } = Promise.withResolvers<VerificationResult>();
  const worker = new Worker(new URL(import.meta.url), {
    workerData: { purpose: PURPOSE, task },
    resourceLimits: { maxYoungGenerationSizeMb: NURSERY_MB },
  });
  const stop = () => void worker.terminate();
  signal.addEventListener('abort', stop, { once: true });
  worker.on('message', (message: Message) => {
    if ('progress' in message) onProgress(message.progress);
    else resolve(message.result);
  });
  worker.on('error', reject);
  worker.on('exit', () => {
    signal.removeEventListener('abort', stop);
    reject(new Error('the verification was stopped'));
  });
  if (signal.aborted) stop();
  return promise;
}

// Every kind of stream that the journal holds: events of any other are a finding.

if (!isMainThread && workerData?.purpose === PURPOSE) {
  const task = workerData.task as VerificationTask;
  const tell = (message: Message) => parentPort?.postMessage(message);
  const result = await verifyLedger({
    ...task,
    kinds: STREAM_KINDS,
    onProgress: (progress) => tell({ progress }),
  });
  tell({ result });
}
