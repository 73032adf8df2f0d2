import type { ExceptionEvent, ExceptionEventType } from './events.ts';

/** The newest version of each event type. A new shape raises the number and adds a step to `upcast`. */
export const EVENT_VERSIONS: Readonly<Record<ExceptionEventType, number>> = {
  ExceptionDrafted: 1,
  ExceptionEdited: 1,
  ExceptionSubmitted: 1,
  ChangesRequested: 1,
  ApprovalGiven: 1,
  ExceptionApproved: 1,
  ControlsConfirmed: 1,
  ExceptionActivated: 1,
  ExceptionExpiring: 1,
  ExtensionRequested: 1,
  ExtensionApprovalGiven: 1,
  ExceptionExtended: 1,
  ExtensionRejected: 1,
  PermanenceRequested: 1,
  ReviewRequested: 1,
  ChangeApprovalGiven: 1,
  ChangeRejected: 1,
  PermanenceGranted: 1,
  ReviewCompleted: 1,
  RiskReassessed: 1,
  ReviewOwed: 1,
  ReviewSettled: 1,
  ReviewFailed: 1,
  ApprovalEscalated: 1,
  DecisionDemanded: 1,
  RearchitectureRequired: 1,
  RenewalLinked: 1,
  RenewalUnlinked: 1,
  ExceptionExpired: 1,
  RemovalConfirmed: 1,
  ExceptionClosed: 1,
  EvidenceAdded: 1,
  EvidenceLinkRead: 1,
  EvidenceLinkNotReached: 1,
  ViolationRecorded: 1,
  ExceptionArchived: 1,
};

/**
 * An event as it was stored, in the shape that this release understands. Throws a plain Error on a
 * type or version that it does not know: a newer release wrote it, or the journal is damaged.
 */
export function upcast(type: string, version: number, data: unknown): ExceptionEvent {
  if (!Object.hasOwn(EVENT_VERSIONS, type)) throw new Error(`unknown event type ${type}`);
  const newest = EVENT_VERSIONS[type as ExceptionEventType];
  if (version !== newest)
    throw new Error(`${type} has version ${version}; this release knows ${newest}`);
  return { type, data } as ExceptionEvent;
}
