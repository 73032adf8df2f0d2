import { parseInstant } from '../schedule/instant.ts';
import { field, listAt, parsedJson, textAt } from './any-case.ts';
import { type AuditEvent, MEMBER_ADDED } from './audit-event.ts';
import { cloudActor } from './read-activity-log.ts';

/** A line of Microsoft Graph's directory audits: a member was added to a group. */
export function readDirectoryAudit(line: unknown): AuditEvent | undefined {
  const operation = textAt(line, 'activityDisplayName')?.toLowerCase();
  if (operation !== MEMBER_ADDED) return undefined;
  const id = textAt(line, 'id');
  const at = parseInstant(textAt(line, 'activityDateTime') ?? '');
  const targets = listAt(line, 'targetResources');
  const member = targets.find((target) => groupOf(target) !== undefined) ?? targets[0];
  const subject = textAt(member, 'id');
  const group =
    groupOf(member) ??
    textAt(
      targets.find((target) => textAt(target, 'type')?.toLowerCase() === 'group'),
      'id',
    );
  if (!id || at === undefined || !subject || !group) return undefined;
  const isDone = textAt(line, 'result')?.toLowerCase() === 'success';
  return {
    log: 'directory-audits',
    event_id: id.toLowerCase(),
    correlation_id: (textAt(line, 'correlationId') ?? id).toLowerCase(),
    ...{ operation, resource_id: `groups/${group}/members/${subject}`, at },
    outcome: isDone ? 'succeeded' : 'failed',
    by: cloudActor({
      object_id:
        textAt(line, 'initiatedBy', 'user', 'id') ??
        textAt(line, 'initiatedBy', 'app', 'servicePrincipalId'),
      upn: textAt(line, 'initiatedBy', 'user', 'userPrincipalName'),
      app_id: textAt(line, 'initiatedBy', 'app', 'appId'),
    }),
    access: { kind: 'group-member', target: group, subject },
  };
}

/** The group that a member was added to: beside the member, as JSON within JSON. */
function groupOf(target: unknown): string | undefined {
  const changed = listAt(target, 'modifiedProperties').find(
    (property) => textAt(property, 'displayName')?.toLowerCase() === 'group.objectid',
  );
  const value = field(changed, 'newValue');
  const inner = parsedJson(value);
  return textAt({ value: typeof inner === 'string' ? inner : value }, 'value');
}
