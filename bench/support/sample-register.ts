import type { ExceptionCommand } from '../../src/domain/exception/commands.ts';
import {
  CATEGORIES,
  CLASSIFICATIONS,
  CONTROLS,
  ENVIRONMENTS,
} from '../../src/domain/exception/fields.ts';
import { fieldsOrRefuse, parseFields } from '../../src/domain/exception/parse-fields.ts';
import { BUILT_IN_POLICY } from '../../src/domain/policy/built-in-policy.ts';
import { DAY } from '../../src/domain/schedule/instant.ts';
import { exceptionStream } from '../../src/features/exceptions/exception-store.ts';
import { record } from '../../src/journal/journal.ts';
import type { Database } from '../../src/platform/db/transaction.ts';
import { Story } from '../../test/support/given.ts';
import { appendOf } from '../../test/support/story-append.ts';
import { sampleRequest } from './sample-request.ts';

const BATCH = 500;
const EVIDENCE = ['endpoint', 'public'].map((criterion) => ({
  criterion,
  link: 'https://git.example.com/pr/4711',
}));

/** Of a hundred records so many are where people work; all others are over, as in any old register. */
const OPEN = 3;
const WAITING = 1;
const DRAFTS = 2;
const WITHDRAWN = 50;
/** Days over which a register has filled. */
const HISTORY = 3 * 365;

/**
 * Fills a register as it is after three years of use: a few records in a hundred are open, one
 * waits, two are drafts, the rest is archived. The same for every call with the same count.
 */
export async function fillRegister(
  db: Database,
  tenantId: string,
  count: number,
  progress: (done: number) => void,
): Promise<void> {
  const now = await db.inTenant(tenantId, (tx) => tx.now);
  for (let first = 0; first < count; first += BATCH) {
    await db.inTenant({ tenantId, clearance: 'confidential' }, async (tx) => {
      const length = Math.min(BATCH, count - first);
      record(
        tx,
        exceptionStream,
        Array.from({ length }, (_, index) =>
          appendOf(storyOf(first + index, count, now), tenantId),
        ),
      );
    });
    progress(Math.min(first + BATCH, count));
  }
}

function storyOf(serial: number, count: number, now: number): Story {
  const place = spread(serial);
  const kind = place % 100;
  const isRecent = kind < OPEN + WAITING + DRAFTS;
  const past = now - 60 * DAY - Math.floor((serial / count) * HISTORY * DAY);
  const begin = isRecent ? now - (place % 13) * DAY : past;
  const draft = new Story(begin, BUILT_IN_POLICY, []).with(draftOf(serial, place));
  // What is over was archived long ago.
  return livedBy(draft, kind).after(isRecent ? 0 : 31 * DAY);
}

function livedBy(draft: Story, kind: number): Story {
  const inForce = () => draft.submitted().approved().confirmed();
  if (kind < OPEN) return inForce();
  if (kind < OPEN + WAITING) return draft.submitted();
  if (kind < OPEN + WAITING + DRAFTS) return draft;
  if (kind < OPEN + WAITING + DRAFTS + WITHDRAWN)
    return draft
      .submitted()
      .after(DAY)
      .with({ type: 'WithdrawException', reason: 'Solved in another way since' });
  return inForce()
    .after(20 * DAY)
    .with({ type: 'CloseException', reason: 'Done', evidence: EVIDENCE });
}

function draftOf(serial: number, place: number): ExceptionCommand {
  const sample = sampleRequest(serial);
  const person = { name: `Person ${place % 5_000}`, email: `person${place % 5_000}@example.com` };
  const fields = {
    ...sample,
    title: `${sample.title} ${WORDS[place % WORDS.length]} ${WORDS[(place >> 5) % WORDS.length]}`,
    category: CATEGORIES[place % CATEGORIES.length],
    control: CONTROLS[(place >> 3) % CONTROLS.length],
    environment: ENVIRONMENTS[(place >> 4) % ENVIRONMENTS.length],
    data_classification: CLASSIFICATIONS[(place >> 2) % CLASSIFICATIONS.length],
    likelihood: (['Low', 'Medium', 'High'] as const)[(place >> 6) % 3],
    requestor: person,
    owners: [
      person,
      { name: `Owner ${(place >> 3) % 500}`, email: `owner${(place >> 3) % 500}@example.com` },
    ],
    services: [`service-${place % 2_000}`],
    policy_ref: [`standards/rule-${(place >> 1) % 300}`],
    requested_duration: 'P14D',
    effective_from: '2020-01-01T00:00:00Z',
  };
  const { risk_score: _, ...rest } = fields;
  return { type: 'DraftException', fields: fieldsOrRefuse(parseFields(rest)) };
}

const WORDS = [
  'webhook',
  'gateway',
  'certificate',
  'migration',
  'supplier',
  'pipeline',
  'tenant',
  'archive',
  'sandbox',
  'terminal',
  'printer',
  'vault',
  'replica',
  'queue',
  'portal',
  'scanner',
  'mainframe',
  'turbine',
  'ledger',
  'courier',
  'warehouse',
  'broker',
  'beacon',
  'satellite',
  'payroll',
  'elevator',
  'firmware',
  'broadcast',
  'orchard',
  'harbour',
  'quarry',
  'lantern',
];

/** Scatters neighbours, so that what is asked for together does not lie together. */
function spread(serial: number): number {
  return (Math.imul(serial + 1, 2_654_435_761) >>> 0) >>> 3;
}
