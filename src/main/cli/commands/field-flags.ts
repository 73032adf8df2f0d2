import { RECORD_FIELDS } from '@lapse/client';
import { type Command, Option } from 'commander';

/** One flag that writes a field. */
export interface FieldFlag {
  /** Without the dashes. */
  readonly flag: string;
  /** The field, dotted. */
  readonly path: string;
  readonly kind: 'text' | 'person' | 'choice' | 'instant' | 'duration' | 'number';
  readonly repeatable: boolean;
  readonly values: readonly string[];
  readonly about: string;
}

/** Lists are given one entry at a time. */
const SINGULAR: Readonly<Record<string, string>> = {
  compensating_controls: 'compensating-control',
  dependencies: 'dependency',
  owners: 'owner',
  services: 'service',
  apis: 'api',
  models: 'model',
  consumers: 'consumer',
  external_ids: 'external-id',
};
const PEOPLE = new Set(['requestor', 'owners']);
/** In words where the API leaves it to the name. */
const ABOUT: Readonly<Record<string, string>> = {
  category: 'what kind of rule is not followed',
  requestor: 'who asks: "Name <address>, Team", or an address',
  owners: 'who answers for it, likewise',
  environment: 'where it holds',
  data_classification: 'of the data that it touches',
  threat_model_link: 'its entry in the threat model',
  stride: 'STRIDE category',
  likelihood: 'that it is abused',
  impact: 'if it is abused',
  compensating_controls: 'what limits the risk meanwhile',
  dependencies: 'a system, API or model that is related',
  versioning_impact: 'migration window, deprecation',
  control: 'the control that it suspends; sets the longest duration',
  ticket_id: 'the ticket that asks for it',
  justification: 'why it is needed',
  risk_review: 'the risk as it is assessed now; every renewal needs its own',
  end_condition: 'what ends it before its date',
  services: 'a service that it touches',
  apis: 'an API that it touches',
  models: 'a model that it touches',
  consumers: 'a consumer that it touches',
  change_class: 'of the change that needs it',
  external_ids: 'its id in another system',
};
/** Whose parts have flags of their own, or that Lapse sets. */
const LEFT_OUT = new Set(['remediation_plan', 'tenant_org']);

const PARTS: readonly FieldFlag[] = [
  part('plan', 'remediation_plan.summary', 'how the exception becomes unnecessary', false),
  part('criterion', 'remediation_plan.closure_criteria', 'what shows that it is over', true),
  part('dashboard', 'telemetry.dashboards', 'a dashboard that watches it', true),
  part('alert', 'telemetry.alerts', 'an alert that watches it', true),
  part('metric', 'telemetry.metrics', 'a metric that watches it', true),
  part('trace', 'telemetry.traces', 'a trace that watches it', true),
];

/** The flags of `new` and `edit`: every field that one text can say. */
export const FIELD_FLAGS: readonly FieldFlag[] = [...RECORD_FIELDS.flatMap(flagOf), ...PARTS];

/** Adds the fields' flags to a command, under a heading of their own; of some fields alone where they are named. */
export function addFieldFlags(command: Command, names?: readonly string[]): Command {
  const flags = FIELD_FLAGS.filter(({ path }) => !names || names.includes(path));
  for (const { flag, kind, repeatable, values, about } of flags) {
    const option = new Option(`--${flag} <${PLACEHOLDERS[kind]}>`, description(about, repeatable));
    option.helpGroup('Fields:');
    if (values.length > 0) option.choices([...values]);
    if (repeatable) {
      option.argParser((value: string, before: string[] | undefined) => [...(before ?? []), value]);
    }
    command.addOption(option);
  }
  return command;
}

const PLACEHOLDERS: Readonly<Record<FieldFlag['kind'], string>> = {
  text: 'text',
  person: 'person',
  choice: 'value',
  instant: 'date',
  duration: 'duration',
  number: 'number',
};

function description(about: string, repeatable: boolean): string {
  return [about, repeatable ? 'may be repeated' : ''].filter((part) => part !== '').join('; ');
}

function flagOf(field: (typeof RECORD_FIELDS)[number]): FieldFlag[] {
  const { name, kind, about } = field;
  if (kind === 'structure' || kind === 'structures' || LEFT_OUT.has(name)) return [];
  const repeatable = kind === 'texts';
  return [
    {
      flag: SINGULAR[name] ?? name.replaceAll('_', '-'),
      path: name,
      kind: PEOPLE.has(name) ? 'person' : kind === 'texts' ? 'text' : kind,
      repeatable,
      values: 'values' in field ? field.values : [],
      about: ABOUT[name] ?? (about || name.replaceAll('_', ' ')),
    },
  ];
}

function part(flag: string, path: string, about: string, repeatable: boolean): FieldFlag {
  return { flag, path, kind: 'text', repeatable, values: [], about };
}
