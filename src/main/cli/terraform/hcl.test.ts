import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { hclResource, hclString } from './hcl.ts';

const DOLLAR = '$';
const HOSTILE = [
  'a "quoted" \\ text',
  `${DOLLAR}{file("/etc/passwd")}`,
  `${DOLLAR}${DOLLAR}{file("/etc/passwd")}`,
  `${DOLLAR.repeat(3)}{1+1}`,
  '%{ for x in y }',
  '%%{ if true }x%{ endif }',
  'one\ntwo\r\nthree\u2028four\u0085five',
  '"\n}\nresource "null_resource" "evil" {\n',
  '*/ # //',
  '<<EOT\nx\nEOT',
  'left\u202eright\u0000\u001b[2J',
  '\ud800 alone',
];

/** What HCL's own rules for quoted texts read; throws where it is more than one text. */
function read(quoted: string): string {
  expect(quoted).toMatch(/^"(?:[^"\\$%\n\r]|\\["\\nrt]|\\u[0-9a-f]{4})*"$/u);
  return JSON.parse(quoted);
}

describe('a quoted text', () => {
  it.each(HOSTILE)('%j is itself and nothing else', (text) =>
    expect(read(hclString(text))).toBe(text.toWellFormed()),
  );

  it('whatever it holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(read(hclString(text))).toBe(text.toWellFormed());
      }),
    );
  });
});

test.each(HOSTILE)('%j stays within its resource, its comment and its metadata', (text) => {
  const hcl = hclResource({
    type: 'azurerm_role_assignment',
    name: 'one',
    comments: [text],
    values: { description: text, list: [text], metadata: { json: { ticket_id: text } } },
  });
  const lines = hcl.split(/[\n\r\u0085\u2028\u2029]/);
  expect(lines.map((line) => line.slice(0, 4))).toEqual([
    `# ${(lines[0] ?? '').slice(2, 4)}`,
    'reso',
    '  de',
    '  li',
    '  me',
    '    ',
    '  })',
    '}',
    '',
  ]);
});

test('it is written as terraform fmt would', () => {
  const hcl = hclResource({
    type: 'azurerm_resource_policy_exemption',
    name: 'exc_1',
    comments: ['EXC_1'],
    values: {
      name: 'EXC_1-1',
      policy_assignment_id: '/a',
      expires_on: undefined,
      metadata: { json: { exception_id: 'EXC_1', ticket_id: 'T' } },
    },
  });
  expect(hcl).toBe(`# EXC_1
resource "azurerm_resource_policy_exemption" "exc_1" {
  name                 = "EXC_1-1"
  policy_assignment_id = "/a"
  metadata = jsonencode({
    exception_id = "EXC_1"
    ticket_id    = "T"
  })
}
`);
});
