import { z } from 'zod';
import type { ListedHost } from './ask-outside.ts';

const ENTRY = /^(?<host>\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(?::(?<port>\d{1,5}))?$/;

/** Hosts as the environment lists them: `wiki.corp.example git.corp.example:8443 [fd00::7]`. */
export const listedHosts = z.string().transform((text, context): ListedHost[] => {
  const entries = text
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '');
  return entries.flatMap((entry) => {
    const { host, port } = ENTRY.exec(entry)?.groups ?? {};
    // As URLs write it, or it would be compared with nothing that a link can have.
    const url = host && URL.parse(`http://${host}`);
    if (url && Number(port ?? 80) <= 65_535) {
      return [{ host: url.hostname, port: port === undefined ? undefined : Number(port) }];
    }
    context.addIssue(
      `${JSON.stringify(entry)} is no host: write names or addresses, with :port where it is neither 80 nor 443, and blanks between them`,
    );
    return [];
  });
});
