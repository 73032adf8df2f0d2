import type { CommandFailure } from '../terminal/command-failure.ts';

interface Arriving {
  /** Is told of each piece. */
  readonly onPiece: (piece: Uint8Array) => void;
  /** What to say where the connection breaks, which is how a server says that this is not whole. */
  readonly brokenOff: (reason: string) => CommandFailure;
  /** Stops it, and what to say then. */
  readonly stop?: { readonly signal: AbortSignal; readonly stopped: () => CommandFailure };
}

/** A body piece by piece, as it arrives. */
export async function* arrivingPieces(
  body: ReadableStream<Uint8Array> | null,
  { onPiece, brokenOff, stop }: Arriving,
): AsyncGenerator<Uint8Array> {
  const reader = (body ?? new Blob([]).stream()).getReader();
  // Cancelled, a piece that is waited for has arrived: as the end.
  const cancel = () => void reader.cancel().catch(() => {});
  stop?.signal.addEventListener('abort', cancel, { once: true });
  try {
    for (;;) {
      const piece = await reader.read().catch((error: unknown) => {
        throw brokenOff(innermostMessage(error));
      });
      if (stop?.signal.aborted) throw stop.stopped();
      if (piece.done) return;
      onPiece(piece.value);
      yield piece.value;
    }
  } finally {
    stop?.signal.removeEventListener('abort', cancel);
    // A server whose client is gone stops sending.
    await reader.cancel().catch(() => {});
  }
}

function innermostMessage(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? innermostMessage(cause) : message;
}
