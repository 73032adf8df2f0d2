export function isInstalled(root: string): boolean;
export function markInstalled(root: string): void;
export function listMissing(root: string): string[];
