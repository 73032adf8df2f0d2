/** Something that has to come out the same wherever the domain runs. */
export interface EngineCase {
  /** The vector's file and what the case is called there. */
  readonly name: string;
  /** What the vector says; without it, what the sources give on the Node that runs the tests. */
  readonly expected?: unknown;
  /** JSON, or a promise of it; what it throws is a result too. */
  run(): unknown;
}

/** The contents of the files in test/vectors, by name without the ending. */
export type VectorFiles = Readonly<Record<string, unknown>>;

/** The results of cases by their names. */
export type Results = Readonly<Record<string, unknown>>;

/** A hash as the vectors write it. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
}
