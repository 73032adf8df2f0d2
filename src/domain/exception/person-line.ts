/** A person as fields hold one. */
export interface PersonParts {
  readonly name: string;
  readonly email?: string | undefined;
  readonly team?: string | undefined;
}

const LINE = /^\s*([^<>]+?)\s*<([^<>]+)>\s*(?:,\s*(.+?)|\((.+?)\))?\s*$/;

/** `A. Rivera <arivera@example.com>, Integrations`, or with the team in brackets; else undefined. */
export function parsePersonLine(text: string): PersonParts | undefined {
  const match = LINE.exec(text);
  if (!match?.[1] || !match[2]) return undefined;
  const team = match[3] ?? match[4];
  return { name: match[1], email: match[2].trim(), ...(team ? { team } : {}) };
}

/** A person on one line, as `parsePersonLine` reads it where there is an e-mail address. */
export function personLine({ name, email, team }: PersonParts): string {
  // A name that is the address itself is what comes of an address alone.
  const address = email === undefined || email === name ? '' : ` <${email}>`;
  return `${name}${address}${team === undefined ? '' : `, ${team}`}`;
}
