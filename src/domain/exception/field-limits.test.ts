import { describe, expect, it } from 'vitest';
import { LIMITS } from './field-shapes.ts';
import { fieldsOrRefuse, parseFields } from './parse-fields.ts';

const value = (input: object) => fieldsOrRefuse(parseFields({ title: 'x', ...input }));
const errors = (input: unknown) => {
  const parsed = parseFields(input);
  return 'errors' in parsed ? parsed.errors : [];
};
const error = (input: object) => {
  const all = errors({ title: 'x', ...input });
  expect(all).toHaveLength(1);
  return all[0];
};

describe('limits', () => {
  it.each([
    ['title', 'x'.repeat(300), 'x'.repeat(301), 'must have at most 300 characters'],
    ['justification', 'x'.repeat(8_000), 'x'.repeat(8_001), 'must have at most 8,000 characters'],
    [
      'threat_model_link',
      'x'.repeat(2_000),
      'x'.repeat(2_001),
      'must have at most 2,000 characters',
    ],
    ['services', entries(200), entries(201), 'must have at most 200 entries'],
    ['compensating_controls', entries(200), entries(201), 'must have at most 200 entries'],
    ['policy_ref', entries(200), entries(201), 'must have at most 200 entries'],
    ['owners', entries(200), entries(201), 'must have at most 200 entries'],
  ])('%s', (name, most, tooMuch, message) => {
    expect(value({ [name]: most })).toBeDefined();
    expect(error({ [name]: tooMuch })).toEqual({ path: name, message });
  });

  it('hold for a title of a million characters', () => {
    expect(error({ title: 'x'.repeat(1_000_000) })).toEqual({
      path: 'title',
      message: 'must have at most 300 characters',
    });
  });

  it('hold for a record: 256 KB of UTF-8, to the byte', () => {
    const rest = new TextEncoder().encode(JSON.stringify({ title: '', dependencies: [] })).length;
    const dependencies = [...entries(100).map((_, index) => filler(index, 2_600)), ''];
    const used = new TextEncoder().encode(JSON.stringify(dependencies)).length - 2 + rest;
    const room = LIMITS.recordBytes - used;
    const exact = {
      title: 't'.repeat(1),
      dependencies: [...dependencies.slice(0, -1), 'x'.repeat(room - 1)],
    };
    expect(errors(exact)).toEqual([]);
    expect(errors({ ...exact, title: 'tt' })).toEqual([
      { path: '', message: 'has 262,145 bytes; a record may have at most 262,144 (256 KB)' },
    ]);
  });

  it.each(['javascript:alert(1)', 'JavaScript:x', 'data:text/html,x', 'file:///etc/passwd'])(
    'no link is %s',
    (link) => {
      const message =
        'must not have a scheme that runs in browsers or reads files; https would pass';
      expect(error({ threat_model_link: link })).toEqual({ path: 'threat_model_link', message });
      expect(error({ policy_ref: [link] })).toMatchObject({ message });
    },
  );

  it.each(['https://a.example/data:x', 'guide/javascript:x', 'mailto:a@example.com', 'urn:x:y'])(
    'a link may be %s',
    (link) => {
      expect(value({ threat_model_link: link })).toMatchObject({ threat_model_link: link });
    },
  );

  it.each(['a\u0000b', '\ud800', 'a\udfffb'])('no store holds %j', (text) => {
    const message =
      'must be well-formed Unicode (no lone surrogates) without control characters other than tabs and line ends';
    expect(error({ title: text })).toEqual({ path: 'title', message });
    expect(error({ justification: text })).toEqual({ path: 'justification', message });
    expect(error({ services: [text] })).toEqual({ path: 'services.0', message });
    expect(
      errors({ title: 'x', grants: [{ kind: 'k', target: 't', parameters: { [text]: 'v' } }] }),
    ).toHaveLength(1);
  });

  it('let any other text through', () => {
    const title = '🙂 "quoted" \\ \u200e עברית \t x';
    expect(value({ title }).title).toBe(title);
  });
});

function entries(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `e${index}`);
}

function filler(index: number, length: number): string {
  return `${index}`.padEnd(length, 'é').slice(0, length / 2);
}
