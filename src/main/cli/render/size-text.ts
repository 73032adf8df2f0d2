const MEGABYTE = 1024 ** 2;

/** `12.3 MB`; below a megabyte in kilobytes. */
export function megabytesText(bytes: number): string {
  if (bytes < MEGABYTE) return `${Math.ceil(bytes / 1024)} kB`;
  const megabytes = bytes / MEGABYTE;
  return `${megabytes.toLocaleString('en', { maximumFractionDigits: megabytes < 100 ? 1 : 0 })} MB`;
}
