export function findPinnedNode(root: string): string | undefined;
