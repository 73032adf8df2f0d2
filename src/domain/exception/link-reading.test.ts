import { describe, expect, it } from 'vitest';
import { ALL_EVIDENCE, given, ONE_APPROVER, type Story } from '../../../test/support/given.ts';
import { type LinkOutcome, linkEvents, unreadLinks } from './link-reading.ts';

const [FIRST, SECOND] = ALL_EVIDENCE.map(({ link }) => link);
const OTHER = 'HTTP://wiki.example/page';

function closed(): Story {
  const links = [OTHER, FIRST ?? '', 'guide#part', 'mailto:a@example.com'];
  return given({ evidence: ['ADR-0217'] }, ONE_APPROVER)
    .submitted()
    .approved()
    .confirmed()
    .with({ type: 'AddEvidence', links })
    .with({ type: 'CloseException', evidence: ALL_EVIDENCE });
}

const read = (link = ''): LinkOutcome => ({ link, at: 1, digest: 'ab', size: 2, status: 200 });
const failed = (link = '', isFinal = false): LinkOutcome => ({
  link,
  at: 1,
  reason: 'no',
  isFinal,
});

describe('the links to be read', () => {
  it('are those of evidence and of closure criteria that HTTP reads, each once', () => {
    const { state } = closed().with({ type: 'ArchiveException' });
    expect(unreadLinks(state)).toEqual([OTHER, FIRST, SECOND]);
  });

  it('are none before the record is archived: they may still change', () => {
    expect(unreadLinks(closed().state)).toEqual([]);
  });
});

describe('what came of them', () => {
  const archived = closed().with({ type: 'ArchiveException' });

  it('is an event for each that was read, and none for what may still be reached', () => {
    const events = linkEvents(archived.state, [read(OTHER), failed(FIRST)], false);
    expect(events).toMatchObject([{ type: 'EvidenceLinkRead', data: { link: OTHER } }]);
    const { state } = archived.linksRead([read(OTHER), failed(FIRST)], false);
    expect(unreadLinks(state)).toEqual([FIRST, SECOND]);
  });

  it.each([
    ['another attempt would come to the same', true, false],
    ['there will be no other', false, true],
  ])('is that a link was not reached, where %s', (_, isFinal, isLast) => {
    const { state } = archived.linksRead([failed(SECOND, isFinal)], isLast);
    expect(state.link_readings).toEqual([{ link: SECOND, at: 1, reason: 'no' }]);
    expect(unreadLinks(state)).toEqual([OTHER, FIRST]);
  });

  it('is recorded once, and never of a link that the record does not have', () => {
    const once = archived.linksRead([read(OTHER)], false);
    const again = [read(OTHER), read('https://example.com/strange'), read(FIRST), read(FIRST)];
    expect(linkEvents(once.state, again, true)).toMatchObject([{ data: { link: FIRST } }]);
  });

  it('leaves the evidence as it was frozen', () => {
    const { state } = archived.linksRead([read(OTHER)], false);
    expect(state.fields).toEqual(archived.state.fields);
    expect(state).toMatchObject({ status: 'Archived', archived_at: archived.state.archived_at });
  });
});
