export function fingerprintSources(root: string): string;
export function isBuilt(root: string): boolean;
