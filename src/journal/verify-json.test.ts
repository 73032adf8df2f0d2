import { describe, expect, test } from 'vitest';
import { isSameJsonText } from './verify-json.ts';

const EXPECTED = '{"a":[1,{"b":null}],"c":"x"}';

describe('JSON that was folded and JSON that is stored', () => {
  test.each([EXPECTED, '{ "c": "x", "a": [1, {"b": null}] }'])('are the same: %s', (stored) => {
    expect(isSameJsonText(EXPECTED, stored)).toBe(true);
  });

  test.each([
    '{"a":[1,{"b":null}]}',
    '{"a":[1,{"b":null}],"c":"x","d":null}',
    '{"a":[1,{"b":null},2],"c":"x"}',
    '{"a":[1,{"b":0}],"c":"x"}',
    '{"a":{"0":1,"1":{"b":null}},"c":"x"}',
    '{"a":[1,[null]],"c":"x"}',
    '{"a":[1,{"constructor":null}],"c":"x"}',
    '{"a":[1,{"b":null}],"c":["x"]}',
    'null',
    '[]',
    '',
    EXPECTED.slice(0, -1),
  ])('are not the same: %s', (stored) => {
    expect(isSameJsonText(EXPECTED, stored)).toBe(false);
  });

  test('are not the same where a key is one that every object has', () => {
    expect(isSameJsonText('{"toString":{}}', '{"valueOf":{}}')).toBe(false);
  });
});
