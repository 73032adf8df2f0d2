import { awaitedRoles } from '../../src/domain/exception/awaited-approvals.ts';
import { escalationsNow } from '../../src/domain/exception/escalation.ts';
import type { Invariant } from './invariants.ts';
import { Mirror } from './mirror.ts';

/** Of approvals that do not come. */
export const escalationInvariants: readonly Invariant[] = [
  {
    name: 'an escalation changes neither the status nor who is to approve',
    from: 'commit',
    check: ({ mirror }) =>
      mirror.fresh.flatMap(({ name, events, states }) =>
        events.flatMap(({ event }, index) => {
          const [before, after] = [states[index - 1], states[index]];
          if (event.type !== 'ApprovalEscalated' || !before || !after) return [];
          const isSame =
            before.status === after.status &&
            `${awaitedRoles(before)}` === `${awaitedRoles(after)}`;
          return isSame ? [] : [`${name} is ${after.status} since it was escalated`];
        }),
      ),
  },
  {
    name: 'whoever was told last has a task, and nobody else',
    from: 'rest',
    check: async ({ admin, mirror }) => {
      const { rows } = await admin.query<{ subject_id: string; detail: string }>(
        `SELECT subject_id, detail FROM lapse.tasks
         WHERE kind = 'approval-escalated' AND resolved_at IS NULL`,
      );
      const told = new Map(
        rows.map((row) => [row.subject_id, /^for ([\w-]+):/.exec(row.detail)?.[1]]),
      );
      return mirror.all.flatMap((stream) => {
        const expected = escalationsNow(Mirror.stateOf(stream)).at(-1)?.to;
        const found = told.get(stream.id);
        return found === expected
          ? []
          : [`${stream.name} has a task for ${found ?? 'nobody'}, not ${expected ?? 'nobody'}`];
      });
    },
  },
];
