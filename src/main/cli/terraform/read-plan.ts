/** A change of a resource, as `terraform show -json` tells it; only what is used. */
export interface PlannedChange {
  readonly address: string;
  readonly type: string;
  /** Whether Terraform leaves it to a later plan, so that its values are not known yet. */
  readonly isDeferred: boolean;
  /** What it will be; attributes that are not known yet are left out. */
  readonly after: Readonly<Record<string, unknown>>;
  /** Attributes that are known only after the apply: `true`, or where in them. */
  readonly unknown: Readonly<Record<string, unknown>>;
  /** Where its address stands in the file, 1-based. */
  readonly line: number;
  readonly column: number;
}

/** What was given is no plan that could be judged; the message says what would pass. */
export class NoPlan extends Error {
  /** Whether it is a plan of which not everything is known, rather than another file. */
  readonly isUndecided: boolean;

  constructor(message: string, isUndecided = false) {
    super(message);
    this.isUndecided = isUndecided;
  }
}

/** What leaves nothing behind that was not there before. */
const HARMLESS = new Set(['no-op', 'read', 'delete', 'forget']);

/**
 * The creations and updates of managed resources in a plan.
 * Source: developer.hashicorp.com, Terraform, JSON Output Format, Plan Representation and Change
 * Representation. A minor version adds; another major one is refused, as the format asks.
 *
 * @throws NoPlan
 */
export function readPlan(text: string): PlannedChange[] {
  const plan = objectOf(parse(text), 'the file');
  assertPlan(plan);
  const places = addressPlaces(text);
  const changes = listOf(plan.resource_changes ?? [], 'resource_changes');
  const deferred = listOf(plan.deferred_changes ?? [], 'deferred_changes');
  return [
    ...changes.flatMap((entry, index) => changeOf(entry, `resource_changes[${index}]`, places)),
    ...deferred.flatMap((entry, index) => {
      const where = `deferred_changes[${index}]`;
      const { resource_change } = objectOf(entry, where);
      return changeOf(resource_change, where, places).map((each) => ({
        ...each,
        isDeferred: true,
      }));
    }),
  ];
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof RangeError ? 'it is nested too deeply' : 'it is not JSON';
    throw new NoPlan(`${reason}: write it with \`terraform show -json PLAN\``);
  }
}

function assertPlan(plan: Readonly<Record<string, unknown>>): void {
  const { format_version: version } = plan;
  if (typeof version !== 'string')
    throw new NoPlan(
      'it is no plan: it has no format_version, as `terraform show -json PLAN` writes',
    );
  if (!/^1\.\d{1,4}$/.test(version)) {
    throw new NoPlan(
      `its format_version is ${version.slice(0, 20)}, and 1.x is read: Terraform 1.1 and OpenTofu write that`,
    );
  }
  if (plan.planned_values === undefined && plan.resource_changes === undefined) {
    const what = plan.values === undefined ? 'has no resource_changes' : 'is a state';
    throw new NoPlan(`it is no plan: it ${what}; show what \`terraform plan -out=PLAN\` wrote`);
  }
  if (plan.errored === true)
    throw new NoPlan('planning ended with an error, so that the plan is not whole', true);
  const { root_module } = objectOf(plan.planned_values ?? {}, 'planned_values');
  const plans = Object.keys(objectOf(root_module ?? {}, 'planned_values.root_module')).length > 0;
  if (plan.resource_changes === undefined && plans)
    throw new NoPlan('it plans resources and lists no resource_changes: show the whole plan', true);
}

function changeOf(
  entry: unknown,
  where: string,
  places: ReadonlyMap<string, Place>,
): PlannedChange[] {
  const { address, mode, type, change } = objectOf(entry, where);
  if (typeof address !== 'string' || typeof type !== 'string')
    throw new NoPlan(`${where} has no address or no type`);
  const { actions, after, after_unknown } = objectOf(change, `${where}.change`);
  const does = listOf(actions, `${where}.change.actions`);
  if (mode === 'data' || (does.length > 0 && does.every((action) => HARMLESS.has(String(action)))))
    return [];
  const { line, column } = places.get(address) ?? { line: 1, column: 1 };
  return [
    {
      ...{ address, type, isDeferred: false, line, column },
      after: objectOf(after ?? {}, `${where}.change.after`),
      unknown: after_unknown === true ? {} : objectOf(after_unknown ?? {}, `${where}.change`),
    },
  ];
}

interface Place {
  readonly line: number;
  readonly column: number;
}

/** Where the addresses of changes stand, in one pass over the text. */
function addressPlaces(text: string): Map<string, Place> {
  const places = new Map<string, Place>();
  let line = 1;
  let lineStart = 0;
  let seen = 0;
  const from = Math.max(0, text.indexOf('"resource_changes"'));
  const found = /"address"\s{0,20}:\s{0,20}("(?:[^"\\]|\\.){0,2000}")/g;
  found.lastIndex = from;
  for (let match = found.exec(text); match; match = found.exec(text)) {
    for (let at = text.indexOf('\n', seen); at !== -1 && at < match.index; ) {
      line += 1;
      lineStart = at + 1;
      at = text.indexOf('\n', lineStart);
    }
    seen = Math.max(lineStart, match.index);
    const address = addressIn(match[1] ?? '');
    if (address !== undefined && !places.has(address))
      places.set(address, { line, column: match.index - lineStart + 1 });
  }
  return places;
}

function addressIn(quoted: string): string | undefined {
  try {
    return JSON.parse(quoted);
  } catch {
    return undefined;
  }
}

function objectOf(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Readonly<Record<string, unknown>>;
  throw new NoPlan(`${where} is no object, as a plan has it`);
}

function listOf(value: unknown, where: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new NoPlan(`${where} is no list, as a plan has it`);
}
