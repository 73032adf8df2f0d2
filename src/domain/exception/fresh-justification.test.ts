import { describe, expect, it } from 'vitest';
import { inChain, inStatus, nothing, RENEWAL } from '../../../test/support/given.ts';
import { DomainError } from '../errors.ts';
import { DAY } from '../schedule/instant.ts';
import { staleJustification } from './fresh-justification.ts';
import { draftRenewal } from './renewal.ts';

const FIRST = 'The supplier cannot use OAuth before its release in March.';

describe('a justification is stale', () => {
  it.each([
    ['unchanged', FIRST],
    ['with a space more', FIRST.replace(' ', '  ')],
    ['in another case', FIRST.toUpperCase()],
    ['with other punctuation', FIRST.replaceAll(' ', ' - ').replace('.', '!')],
    ['with invisible characters', FIRST.replace('supplier', 'sup\u200bplier')],
    ['in full-width letters', FIRST.replace('OAuth', 'ＯＡｕｔｈ')],
    ['in another order', FIRST.split(' ').reverse().join(' ')],
    ['said twice', `${FIRST} ${FIRST}`],
    ['with a word replaced', FIRST.replace('March', 'April')],
    ['with two words more', `${FIRST} Really, still.`],
    ['cut short', 'The supplier cannot use OAuth.'],
    ['empty of words', '…!'],
  ])('%s', (_, text) => {
    expect(staleJustification(text, [FIRST])).toMatchObject({
      path: 'justification',
      message: expect.stringContaining('would pass'),
    });
  });

  it('whichever record of the chain had it', () => {
    const known = [FIRST, 'Their release slipped and procurement has to sign again.'];
    expect(staleJustification(FIRST, known)?.message).toContain(FIRST);
    expect(staleJustification(known[1], known)?.message).toContain('procurement');
  });

  it('in scripts that write no spaces, where a character or two differ', () => {
    const known = ['供应商在三月之前无法使用新的接口'];
    expect(staleJustification('供应商在四月之前无法使用新的接口', known)).toBeDefined();
    expect(staleJustification('合同已续签，迁移安排在夏季完成', known)).toBeUndefined();
  });
});

describe('a justification is fresh', () => {
  it.each([
    ['says what has changed', `${FIRST} That release was moved to June by them.`],
    ['shares no word', 'Budget freeze until July'],
  ])('that %s', (_, text) => {
    expect(staleJustification(text, [FIRST])).toBeUndefined();
  });

  it('where none is known, or none is given', () => {
    expect(staleJustification(FIRST, [])).toBeUndefined();
    expect(staleJustification(undefined, [FIRST])).toBeUndefined();
  });
});

describe('the renewal of a record with a justification', () => {
  const predecessor = inStatus('Active', { justification: FIRST }).after(60 * DAY);
  const later = nothing().after(60 * DAY);
  const renew = (justification: string) => {
    const command = draftRenewal(predecessor.state, { ...RENEWAL, justification }, predecessor.now);
    if (command instanceof DomainError) throw command;
    return command;
  };

  it('is refused with the same one, and with it edited in later', () => {
    const refusal = later.refuses(renew(`${FIRST} `));
    expect(refusal).toMatchObject({ code: 'invalid-record', errors: [{ path: 'justification' }] });
    const fresh = later.with(renew(RENEWAL.justification));
    const edit = {
      type: 'EditException',
      changes: { justification: FIRST.toLowerCase() },
    } as const;
    expect(fresh.refuses(edit)).toMatchObject({ errors: [{ path: 'justification' }] });
    expect(fresh.gives({ type: 'EditException', changes: { title: 'other' } })).toHaveLength(1);
  });

  it('cannot be submitted without one, nor without a risk review', () => {
    for (const name of ['justification', 'risk_review'] as const) {
      const without = inChain(4).with({ type: 'EditException', changes: { [name]: null } });
      expect(without.refuses({ type: 'SubmitException' })).toMatchObject({
        code: 'incomplete-record',
        errors: [{ path: name, message: expect.stringContaining('required for a renewal') }],
      });
    }
  });
});
