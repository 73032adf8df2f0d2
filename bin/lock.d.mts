export function takeLock(root: string, name: string, waiting: string): Promise<() => void>;
