import type { Role } from '../../domain/access/actor.ts';
import type { Classification } from '../../domain/access/clearance.ts';
import { formatInstant } from '../../domain/schedule/instant.ts';

/** What a directory says of a group. */
export interface GroupDetails {
  readonly display_name: string;
  /** The id in the directory that keeps it. */
  readonly external_id?: string;
}

/** What the members of a group may do: the tenant says so, the directory does not know of it. */
export interface GroupAccess {
  readonly roles: readonly Role[];
  readonly clearance: Classification;
}

/** A group's life in the ledger. */
export type GroupEvent =
  | { readonly type: 'GroupAdded'; readonly data: GroupDetails }
  | { readonly type: 'GroupChanged'; readonly data: GroupDetails }
  | { readonly type: 'MembersAdded'; readonly data: Members }
  | { readonly type: 'MembersRemoved'; readonly data: Members }
  | { readonly type: 'GroupMapped'; readonly data: GroupAccess }
  | { readonly type: 'GroupUnmapped'; readonly data: Record<string, never> }
  | { readonly type: 'GroupRemoved'; readonly data: Record<string, never> };

interface Members {
  /** Ids of people. */
  readonly members: readonly string[];
}

/** A group as it stands. */
export interface GroupState extends GroupDetails {
  readonly group_id: string;
  /** Ids of people, in the order of the ids. */
  readonly members: readonly string[];
  readonly access?: GroupAccess;
  readonly active: boolean;
  readonly created_at: string;
  readonly changed_at: string;
}

/** The group after one more event. */
export function evolveGroup(
  state: GroupState | undefined,
  event: GroupEvent,
  { streamId, at }: { readonly streamId: string; readonly at: number },
): GroupState {
  const changed_at = formatInstant(at);
  if (event.type === 'GroupAdded') {
    const times = { created_at: changed_at, changed_at };
    return { group_id: streamId, ...event.data, members: [], active: true, ...times };
  }
  if (!state) throw new Error(`group ${streamId} begins with ${event.type}`);
  switch (event.type) {
    case 'GroupChanged': {
      const { external_id: _, ...kept } = state;
      return { ...kept, ...event.data, changed_at };
    }
    case 'MembersAdded': {
      const members = [...new Set([...state.members, ...event.data.members])].sort();
      return { ...state, members, changed_at };
    }
    case 'MembersRemoved': {
      const gone = new Set(event.data.members);
      return { ...state, members: state.members.filter((id) => !gone.has(id)), changed_at };
    }
    case 'GroupMapped':
      return { ...state, access: event.data, changed_at };
    case 'GroupUnmapped': {
      const { access: _, ...kept } = state;
      return { ...kept, changed_at };
    }
    case 'GroupRemoved': {
      const { access: _, ...kept } = state;
      return { ...kept, members: [], active: false, changed_at };
    }
  }
}
