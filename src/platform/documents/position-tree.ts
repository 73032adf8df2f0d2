import type { Position } from './document-problem.ts';

/**
 * Where each value of a record stands. Kept instead of the parsed nodes, which take several times
 * as much memory and hold on to the text.
 */
export interface PositionTree extends Position {
  readonly children?: ReadonlyMap<string | number, PositionTree>;
}

/** The place of the value at `path`, or of the nearest one above it that exists. */
export function findPosition(root: PositionTree, path: readonly (string | number)[]): Position {
  let tree = root;
  for (const step of path) {
    const child = tree.children?.get(step);
    if (!child) break;
    tree = child;
  }
  return { line: tree.line, column: tree.column };
}
