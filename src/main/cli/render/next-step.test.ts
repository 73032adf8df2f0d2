import { expect, test } from 'vitest';
import { renderNext } from './next-step.ts';

const command = 'lapse close EXC_01M87GJZZGGY2NGDDSZ5V2G8SG --evidence c1=LINK';

test('words and command stand on one line where both fit', () => {
  expect(renderNext({ what: 'show that it is over', command }, 100)).toBe(
    `next: show that it is over: ${command}`,
  );
  expect(renderNext({ what: '', command }, 100)).toBe(`next: ${command}`);
});

test('a command that does not fit beside its words has a line of its own, and stays whole', () => {
  expect(renderNext({ what: 'show that it is over', command }, 70)).toBe(
    `next: show that it is over:\n  ${command}`,
  );
  expect(renderNext({ what: '', command }, 30)).toBe(`next: ${command}`);
});
