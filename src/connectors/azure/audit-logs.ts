import { type CloudLogs, type Stretch, Unreadable } from '../../domain/circumvention/cloud-logs.ts';
import { formatInstant } from '../../domain/schedule/instant.ts';
import { type AzureClient, errorText } from './azure-client.ts';
import { failureOf, unanswered } from './outcomes.ts';

const ACTIVITY = 'providers/microsoft.insights/eventtypes/management/values?api-version=2015-04-01';
const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** The newest version of each resource that an event is completed from. */
const API_VERSIONS: Readonly<Record<string, string>> = {
  roleassignments: '2022-04-01',
  policyexemptions: '2022-07-01-preview',
};

/** The Activity Log and the directory audits, as they are answered (reference/azure.md, Activity Log). */
export function azureLogs(azure: AzureClient): CloudLogs {
  return {
    ownIds: (signal) => readable(() => azure.ownIds(signal)),

    subscriptions: (signal) =>
      pages(async function* () {
        const path = '/subscriptions?api-version=2022-12-01';
        for await (const page of azure.values('resource-manager', path, signal))
          yield page.flatMap((entry) => {
            const id = (entry as { subscriptionId?: unknown }).subscriptionId;
            return typeof id === 'string' && GUID.test(id) ? [id.toLowerCase()] : [];
          });
      }),

    activity: (subscription, stretch, signal) =>
      pages(() => {
        const provider = "resourceProvider eq 'Microsoft.Authorization'";
        const filter = `${between('eventTimestamp', stretch, quoted)} and ${provider}`;
        const path = `/subscriptions/${subscription}/${ACTIVITY}&$filter=${encodeURIComponent(filter)}`;
        return azure.values('resource-manager', path, signal);
      }),

    memberships: (stretch, signal) =>
      pages(() => {
        const activity = "activityDisplayName eq 'Add member to group'";
        const filter = `${between('activityDateTime', stretch, (text) => text)} and ${activity}`;
        const path = `/v1.0/auditLogs/directoryAudits?$filter=${encodeURIComponent(filter)}`;
        return azure.values('graph', path, signal);
      }),

    resource: (resourceId, signal) =>
      readable(async () => {
        const type = /\/providers\/microsoft\.authorization\/(\w+)\/[^/]+$/i.exec(resourceId)?.[1];
        const version = API_VERSIONS[type?.toLowerCase() ?? ''];
        if (version === undefined) throw new Unreadable(`nothing is known of ${resourceId}`);
        const path = `${encodeURI(resourceId)}?api-version=${version}`;
        const answer = await azure.manage({ method: 'GET', path }, signal);
        // What lay in something that is gone is gone; a subscription may only have moved away.
        const failure = failureOf(answer);
        const isGone =
          failure?.kind === 'gone' ||
          (answer.status === 404 && /notfound/i.test(errorText(answer)));
        if (isGone && !/subscriptionnotfound/i.test(errorText(answer))) return undefined;
        if (failure) throw unreadable(failure);
        return answer.body;
      }),
  };
}

function between(field: string, { from, to }: Stretch, write: (text: string) => string): string {
  return `${field} ge ${write(formatInstant(from))} and ${field} le ${write(formatInstant(to))}`;
}

function quoted(text: string): string {
  return `'${text}'`;
}

async function* pages<T>(read: () => AsyncIterable<T>): AsyncIterable<T> {
  try {
    yield* read();
  } catch (error) {
    throw unreadable(unanswered(error));
  }
}

async function readable<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw error instanceof Unreadable ? error : unreadable(unanswered(error));
  }
}

function unreadable(outcome: ReturnType<typeof unanswered>): Unreadable {
  const message = 'message' in outcome ? outcome.message : 'it could not be read';
  return new Unreadable(message, 'retryAfter' in outcome ? outcome.retryAfter : undefined);
}
