export function heapFlags(args: readonly string[]): readonly string[];
