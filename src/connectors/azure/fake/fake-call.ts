import type { VersionedStore } from './versioned-store.ts';

/** A request to the fake cloud. */
export interface FakeCall {
  readonly method: string;
  /** Which of the two services. */
  readonly host: 'management.azure.com' | 'graph.microsoft.com';
  /** As it was sent, without its query and slashes at the end. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
  /** Whose token it carries. */
  readonly caller: string;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** What it answers. */
export interface FakeAnswer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a part of the fake cloud works with. */
export interface FakeGround {
  readonly store: VersionedStore;
  /** The time that reads see: earlier than now where they lag. */
  readonly readAt: number;
  /** What has changed in a stretch of time, both ends included, as far as the audit logs show it by now. */
  happened(stretch: { readonly from: number; readonly to: number }): readonly Happened[];
  /** Says that something has changed by this call, as the activity log would hold it. */
  changed(change: FakeChange): void;
}

/** Something that a call has changed. */
export interface FakeChange {
  /** In the terms of the activity log: `Microsoft.Authorization/roleAssignments/write`. */
  readonly operation: string;
  /** The resource's id. */
  readonly id: string;
  /** The answer's body, and the request's, as the log keeps them. */
  readonly request?: unknown;
  readonly response?: unknown;
}

/** A change with the call that brought it about. */
export interface Happened {
  readonly at: number;
  readonly caller: string;
  /** Of the call, from 0: no two have the same. */
  readonly number: number;
  readonly change: FakeChange;
}

/** One kind of resource; `undefined` where a call is none of its business. */
export type FakePart = (call: FakeCall, ground: FakeGround) => FakeAnswer | undefined;

/** An error as Azure answers it. */
export function azureError(status: number, code: string, message: string): FakeAnswer {
  return { status, body: { error: { code, message } } };
}

/** The answer to a method that a path does not have. */
export function notAllowed(): FakeAnswer {
  return azureError(405, 'MethodNotAllowed', 'The method is not allowed.');
}

/** A page of a list, with a link to the next. */
export function pageOf(
  call: FakeCall,
  values: readonly unknown[],
  size: number,
  link: 'nextLink' | '@odata.nextLink' = 'nextLink',
): FakeAnswer {
  const from = Number(call.query.get('$skiptoken') ?? 0);
  const page = values.slice(from, from + size);
  if (from + size >= values.length) return { status: 200, body: { value: page } };
  const query = new URLSearchParams(call.query);
  query.set('$skiptoken', String(from + size));
  const next = `https://${call.host}${encodeURI(call.path)}?${query}`;
  return { status: 200, body: { value: page, [link]: next } };
}
