import type { CommandFailure } from '../terminal/command-failure.ts';

interface Arriving {
  /** Is told of each piece. */
  readonly onPiece: (piece: Uint8Array) => void;
  /** What to say where the connection breaks, which is how a server says that this is not whole. */
  readonly brokenOff: (reason: string) => CommandFailure;
}

/** A body piece by piece, as it arrives. */
export async function* arrivingPieces(
  body: ReadableStream<Uint8Array> | null,
  { onPiece, brokenOff }: Arriving,
): AsyncGenerator<Uint8Array> {
  const arriving = (body ?? new Blob([]).stream()).values();
  try {
    for (;;) {
      const piece = await arriving.next().catch((error: unknown) => {
        throw brokenOff(innermostMessage(error));
      });
      if (piece.done) return;
      onPiece(piece.value);
      yield piece.value;
    }
  } finally {
    // A server whose client is gone stops sending.
    await arriving.return?.().catch(() => {});
  }
}

function innermostMessage(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? innermostMessage(cause) : message;
}
