import { expect, it } from 'vitest';
import { kindOfText } from './file-kind.ts';

it.each([
  ['title,category\nA,data\n', 'csv'],
  ['\uFEFF"Due; date";Title\n', 'csv'],
  ['title\tcategory\n', 'csv'],
  ['{"title":"A"}\n{"title":"B"}\n', 'jsonl'],
  ['{"title":"A"}\n', 'yaml'],
  ['{"items":[\n{"title":"A"},\n', 'yaml'],
  ['[{"title":"A"},{"title":"B"}]', 'yaml'],
  ['title: A, B\ncategory: data\n', 'yaml'],
  ['- title: A\n- title: B, C\n', 'yaml'],
  ['# a comment, with commas\ntitle: A\n', 'yaml'],
  ['---\ntitle: A\n', 'yaml'],
  ['', 'yaml'],
])('%j is %s', (text, kind) => {
  expect(kindOfText(text)).toBe(kind);
});
