type Json = { readonly [key: string]: unknown };

const MOST = 40;

/** What differs between two OpenAPI documents, one line each, for the person who reviews it. */
export function describeChanges(before: string | undefined, after: string): string[] {
  const old = entriesOf(before === undefined ? {} : (JSON.parse(before) as Json));
  const now = entriesOf(JSON.parse(after) as Json);
  const names = [...new Set([...old.keys(), ...now.keys()])].sort();
  const changes = names.flatMap((name) => {
    const [was, is] = [old.get(name), now.get(name)];
    if (was === undefined) return [`+ ${name}`];
    if (is === undefined) return [`- ${name}`];
    const where = differences(was, is, '');
    return where.length > 0 ? [`~ ${name}: ${where.slice(0, 5).join(', ')}`] : [];
  });
  const more = changes.length - MOST;
  return more > 0 ? [...changes.slice(0, MOST), `… and ${more} more`] : changes;
}

/** Operations and named shapes, each under a name that people know it by. */
function entriesOf(document: Json): Map<string, unknown> {
  const entries = new Map<string, unknown>();
  for (const [path, operations] of Object.entries((document.paths ?? {}) as Json)) {
    for (const [method, operation] of Object.entries(operations as Json)) {
      entries.set(`${method.toUpperCase()} ${path}`, operation);
    }
  }
  const { schemas = {}, ...components } = (document.components ?? {}) as { schemas?: Json };
  for (const [name, schema] of Object.entries(schemas)) entries.set(`shape ${name}`, schema);
  entries.set('info', document.info);
  entries.set('components', components);
  return entries;
}

/** The places in which two values differ, as dotted paths, the outermost where one side lacks it. */
function differences(was: unknown, is: unknown, at: string): string[] {
  if (was === is) return [];
  if (!isObject(was) || !isObject(is)) return [at || '(all)'];
  const keys = [...new Set([...Object.keys(was), ...Object.keys(is)])];
  return keys.flatMap((key) => differences(was[key], is[key], at === '' ? key : `${at}.${key}`));
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null;
}
