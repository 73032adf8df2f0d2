import type { CloudGrant, Mode, Observation, Placed } from '../enforcement/connector.ts';
import type { GrantStatus } from '../enforcement/grant.ts';
import { type GrantSpec, grantKey } from '../enforcement/grant-spec.ts';
import type { Wanted } from '../enforcement/wanted.ts';
import { DAY, formatInstant, type Instant, MINUTE } from '../schedule/instant.ts';
import type { FindingKind } from './finding.ts';

/** A grant of the register with all that a cloud's list is compared with. */
export interface RegisteredGrant {
  readonly grantId: string;
  readonly exceptionId: string;
  readonly spec: GrantSpec;
  readonly status: GrantStatus;
  /** Since when the status is what it is. */
  readonly since: Instant;
  readonly wanted: Wanted;
  readonly placed: Placed | undefined;
  readonly mode: Mode;
  readonly connection: string | undefined;
  /** Whether the cloud keeps an end of its own for it. */
  readonly keepsEnds: boolean;
  /** A call is under way, or what it led to is not read back yet. */
  readonly isMoving: boolean;
  /** Since when its record has been in force. */
  readonly inForceSince: Instant;
  /** Who answers for the record, by address or name. */
  readonly owners: readonly string[];
  /** Nobody of them is known to work here any more. */
  readonly areOwnersUnknown: boolean;
}

/** Something that the cloud and the register do not agree about. */
export interface Discrepancy {
  readonly kind: FindingKind;
  readonly spec: GrantSpec;
  /** A sentence each, for people. */
  readonly details: readonly string[];
  /** The register's grant that it is about. */
  readonly grant?: RegisteredGrant;
  readonly placed?: Placed;
  readonly createdBy?: string;
}

/** The loop takes away what is due within a minute; lists may lag behind it (reference/azure.md). */
const SETTLES_WITHIN = 15 * MINUTE;
/** An exception that nobody uses for so long is not needed. */
const UNUSED_AFTER = 14 * DAY;

/**
 * What is wrong with one grant of a cloud's list. `same` are the register's grants of the same access;
 * `relatives` those that it may have come from: of the same subject, or named by its mark.
 */
export function compareListed(
  cloud: CloudGrant,
  same: readonly RegisteredGrant[],
  relatives: readonly RegisteredGrant[],
  now: Instant,
): Discrepancy[] {
  const covering = latest(same.filter(({ wanted }) => wanted.presence === 'present'));
  if (covering) return [...changes(cloud, covering), ...withoutOwner(covering)];
  const ended = latest(same);
  if (ended) return overdue(cloud, ended, now);
  const origin = relatives.find((relative) => isFrom(cloud, relative));
  if (origin) {
    const details = [howItDiffers(cloud, origin), ...selfService(cloud)];
    return [{ kind: 'changed', spec: cloud.spec, details, grant: origin, ...seen(cloud) }];
  }
  const details = ['no exception that has been in force lists it', ...whoMadeIt(cloud)];
  return [
    {
      kind: 'unregistered',
      spec: cloud.spec,
      details: [...details, ...selfService(cloud)],
      ...seen(cloud),
    },
  ];
}

/**
 * What is wrong with a grant of the register that a whole list did not have; `look` is what was then
 * seen of it, without which nothing is said of its being there.
 */
export function compareUnlisted(
  grant: RegisteredGrant,
  look: Observation | undefined,
  now: Instant,
): Discrepancy[] {
  if (grant.wanted.presence === 'absent') return [];
  const about = { spec: grant.spec, grant };
  const owners = withoutOwner(grant);
  if (grant.isMoving || look === undefined) return owners;
  if (look.kind === 'target-gone') {
    const details = [`what it applies to is not there any more: ${look.message}`];
    return [{ kind: 'out-of-use', ...about, details }, ...owners];
  }
  if (look.kind !== 'absent') return owners;
  if (grant.status === 'in-place' || grant.mode === 'manage') {
    const details = ['its exception is in force, and it is not in the cloud'];
    return [{ kind: 'missing', ...about, details }, ...owners];
  }
  const unused = now - grant.inForceSince;
  if (unused < UNUSED_AFTER) return owners;
  const days = Math.floor(unused / DAY);
  const details = [`its exception is in force, and nobody has put it in place for ${days} days`];
  return [{ kind: 'out-of-use', ...about, details }, ...owners];
}

/** Whether it is worth looking at a grant that a list did not have. */
export function isLookedAt({ wanted, isMoving }: RegisteredGrant): boolean {
  return wanted.presence === 'present' && !isMoving;
}

function overdue(cloud: CloudGrant, grant: RegisteredGrant, now: Instant): Discrepancy[] {
  const { wanted, status, since } = grant;
  if (wanted.presence === 'present') return [];
  const isRemoved = status === 'removed';
  const settlesAt = Math.max(wanted.since, isRemoved ? since : 0) + SETTLES_WITHIN;
  if (now < settlesAt || wanted.handOverTo) return [];
  const end = formatInstant(wanted.since);
  const details = [
    isRemoved
      ? `it was taken away, and is there again; its exception ended at ${end}`
      : `its exception ended at ${end}, and it is still there`,
    ...whoMadeIt(cloud),
  ];
  return [{ kind: 'overdue', spec: grant.spec, details, grant, ...seen(cloud) }];
}

function changes(cloud: CloudGrant, grant: RegisteredGrant): Discrepancy[] {
  const details = [...movedEnd(cloud, grant), ...selfService(cloud)];
  if (details.length === 0) return [];
  return [{ kind: 'changed', spec: grant.spec, details, grant, ...seen(cloud) }];
}

function movedEnd({ placed }: CloudGrant, grant: RegisteredGrant): string[] {
  const { wanted, keepsEnds, isMoving } = grant;
  if (wanted.presence !== 'present' || !keepsEnds || isMoving) return [];
  const approved = `the approved end ${formatInstant(wanted.nativeEnd)}`;
  if (placed.endsAt === undefined) {
    // Without a word of ours nobody said that the cloud has an end for it.
    return grant.placed?.endsAt === undefined ? [] : [`its end was taken away; ${approved} stands`];
  }
  if (placed.endsAt > wanted.nativeEnd)
    return [`it ends in the cloud at ${formatInstant(placed.endsAt)}, after ${approved}`];
  const ours = grant.placed?.endsAt;
  if (ours === undefined || ours === placed.endsAt) return [];
  return [`its end was moved to ${formatInstant(placed.endsAt)}, before ${approved}`];
}

function withoutOwner(grant: RegisteredGrant): Discrepancy[] {
  if (!grant.areOwnersUnknown) return [];
  const details = ['nobody who is known to work here owns its exception'];
  return [{ kind: 'owner-unknown', spec: grant.spec, details, grant }];
}

function isFrom({ spec, markedFor }: CloudGrant, { grantId, spec: own }: RegisteredGrant): boolean {
  return markedFor === grantId || isWider(spec, own);
}

function howItDiffers({ spec }: CloudGrant, { grantId, spec: own }: RegisteredGrant): string {
  if (isWider(spec, own)) return `its scope is wider than the approved one, ${own.target}`;
  return `it carries the mark of ${grantId}, which allows something else`;
}

/** Whether the same access is given above where a record allows it. */
function isWider(spec: GrantSpec, approved: GrantSpec): boolean {
  if (!approved.target.trim().startsWith('/')) return false;
  const [wide, narrow] = [spec, approved].map(({ target }) => path(target)) as [string, string];
  const isAbove = narrow.startsWith(`${wide}/`);
  const atOne = { ...spec, target: approved.target };
  return isAbove && grantKey(atOne) === grantKey(approved);
}

function path(target: string): string {
  return target.trim().replace(/\/+$/, '').toLowerCase();
}

function whoMadeIt({ createdBy, createdAt }: CloudGrant): string[] {
  if (createdBy === undefined) return [];
  const when = createdAt === undefined ? '' : ` at ${formatInstant(createdAt)}`;
  return [`${createdBy} made it${when}`];
}

function selfService({ selfService: is }: CloudGrant): string[] {
  return is ? ['people can make it by themselves, past every approval'] : [];
}

function seen({ placed, createdBy }: CloudGrant): Pick<Discrepancy, 'placed' | 'createdBy'> {
  return { placed, ...(createdBy === undefined ? {} : { createdBy }) };
}

/** The one that goes on longest, or ended last. */
function latest(grants: readonly RegisteredGrant[]): RegisteredGrant | undefined {
  const end = ({ wanted }: RegisteredGrant) =>
    wanted.presence === 'present' ? wanted.until : wanted.since;
  return [...grants].sort((a, b) => end(b) - end(a) || (a.grantId < b.grantId ? -1 : 1))[0];
}
