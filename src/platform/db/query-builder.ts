import {
  DummyDriver,
  type Generated,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
} from 'kysely';

/** Builds typed SQL; it never runs any: a transaction's `execute` does, on its own connection. */
export const sqlBuilder = new Kysely<Tables>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
}).withSchema('lapse');

/** Compared as ISO text or 'infinity'; what people read of it comes from the state. */
type Time = string;

/** The tables that queries are composed for at run time; fixed statements are written as SQL. */
export interface Tables {
  exceptions: {
    tenant_id: string;
    exception_id: string;
    version: number;
    fields: unknown;
    state: unknown;
    status: string;
    kind: string;
    title: string;
    category: string | null;
    control: string | null;
    environment: string | null;
    data_classification: string | null;
    severity: string | null;
    requestor: string | null;
    created_at: Time;
    updated_at: Time;
    activates_at: Time;
    expiring_at: Time;
    expires_at: Time;
    due_at: Time;
    hands_over: Generated<boolean>;
  };
  exception_services: { tenant_id: string; exception_id: string; service: string };
  exception_owners: { tenant_id: string; exception_id: string; owner: string };
  exception_awaited_roles: { tenant_id: string; exception_id: string; role: string };
  exception_policy_refs: { tenant_id: string; exception_id: string; policy_ref: string };
}
