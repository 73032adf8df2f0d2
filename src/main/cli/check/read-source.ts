import { closeSync, openSync, readSync } from 'node:fs';

const PIECE = 256 * 1024;

/** The bytes of a file, or of standard input for `-`, piece by piece. */
export function readSource(path: string): AsyncIterable<Uint8Array> {
  return path === '-' ? process.stdin : readPieces(path);
}

/** Reading this way spares the start of streams, which takes longer than a small file does. */
async function* readPieces(path: string): AsyncGenerator<Uint8Array, void> {
  const file = openSync(path, 'r');
  try {
    for (;;) {
      const piece = Buffer.allocUnsafe(PIECE);
      const length = readSync(file, piece);
      if (length === 0) return;
      yield piece.subarray(0, length);
    }
  } finally {
    closeSync(file);
  }
}
