/** How much a provider may answer with, in bytes, and how long it may take, in milliseconds. */
export interface FetchLimits {
  readonly bytes: number;
  readonly time: number;
}

export const LIMITS: FetchLimits = { bytes: 1_000_000, time: 8_000 };

/**
 * `fetch` for a provider of sign-in: it waits and reads only so much, and follows nothing. An answer
 * that is too large fails while it is read.
 */
export function boundedFetch(limits: FetchLimits = LIMITS): typeof fetch {
  return async (url, options = {}) => {
    const end = AbortSignal.timeout(limits.time);
    const signal = options.signal ? AbortSignal.any([options.signal, end]) : end;
    const answer = await fetch(url, { ...options, signal, redirect: 'manual' });
    if (!answer.body) return answer;
    let read = 0;
    const counting = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        read += chunk.length;
        if (read > limits.bytes) throw new AnswerTooLarge(limits.bytes);
        controller.enqueue(chunk);
      },
    });
    const { status, statusText, headers } = answer;
    return new Response(answer.body.pipeThrough(counting), { status, statusText, headers });
  };
}

/** An answer of more bytes than are read. */
export class AnswerTooLarge extends Error {
  override readonly name = 'AnswerTooLarge';

  constructor(bytes: number) {
    super(`the answer has more than ${bytes} bytes`);
  }
}
