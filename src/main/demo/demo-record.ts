import type { ExceptionFieldsInput } from '../../domain/exception/fields.ts';
import type { Life } from './demo-lives.ts';
import { PEOPLE, type PersonName } from './demo-people.ts';

/** One exception of the demonstration: what is asked, and what becomes of it. */
export interface DemoRecord {
  readonly title: string;
  readonly by: PersonName;
  readonly owner?: PersonName;
  readonly environment?: 'dev' | 'staging' | 'prod';
  readonly classification?: 'public' | 'internal' | 'restricted' | 'confidential';
  /** STRIDE, likelihood, impact. */
  readonly risk: readonly [
    'S' | 'T' | 'R' | 'I' | 'D' | 'E',
    'Low' | 'Medium' | 'High',
    'Low' | 'Medium' | 'High' | 'Critical',
  ];
  readonly service: string;
  /** What it was begun from: it proposes the limits, the plan and the duration. */
  readonly template?: string;
  /** Justification. */
  readonly why: string;
  /** Compensating controls. */
  readonly limits: readonly string[];
  readonly plan: string;
  /** Closure criteria. */
  readonly done: readonly string[];
  /** Expiry actions. */
  readonly atEnd: string;
  /** Requested duration in days; the policy's maximum where there is none. */
  readonly days?: number;
  readonly extra?: Partial<ExceptionFieldsInput>;
  readonly life: Life;
}

type Category = NonNullable<ExceptionFieldsInput['category']>;

const POLICIES: Readonly<Record<Category, readonly string[]>> = {
  authz: ['08-security/Security-Guidelines#authn-authz'],
  network: ['08-security/Network-Standard#inbound', '07-ops/Edge-Standard#tls'],
  data: ['08-security/Data-Classification#handling'],
  ai: ['10-ai/Model-Governance#serving'],
  release: ['09-governance/Release-Policy#required-checks'],
  vendor: ['08-security/Third-Party-Standard#assessment'],
  other: ['08-security/Security-Guidelines#general'],
};

/** The fields as the requestor writes them; `number` keeps records and decisions apart. */
export function fieldsOf(
  record: DemoRecord,
  category: Category,
  number: number,
): ExceptionFieldsInput {
  const { service, risk } = record;
  const [stride, likelihood, impact] = risk;
  return {
    title: record.title,
    category,
    policy_ref: [...POLICIES[category]],
    adr_id: `ADR-${String(200 + number).padStart(4, '0')}`,
    ticket_id: `SEC-${1_400 + number}`,
    requestor: PEOPLE[record.by],
    owners: [PEOPLE[record.owner ?? record.by]],
    environment: record.environment ?? 'prod',
    data_classification: record.classification ?? 'internal',
    threat_model_link: `threat-model#${service}-${stride.toLowerCase()}`,
    stride,
    likelihood,
    impact,
    services: [service],
    justification: record.why,
    telemetry: {
      dashboards: [`SLO/${service}`],
      alerts: [`${service}.error_rate>1%`],
      metrics: ['latency', 'error_rate', 'availability', 'request_rate'],
    },
    expiry_actions: record.atEnd,
    ...(record.template === undefined ? ownLimits(record) : {}),
    ...(record.days === undefined ? {} : { requested_duration: `P${record.days}D` }),
    ...record.extra,
  };
}

function ownLimits({ limits, plan, done }: DemoRecord): Partial<ExceptionFieldsInput> {
  return {
    compensating_controls: [...limits],
    remediation_plan: { summary: plan, closure_criteria: [...done] },
  };
}
