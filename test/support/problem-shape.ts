import { expect } from 'vitest';
import type { TestAnswer } from './test-api.ts';

/** Checks that an answer is a refusal in the form of RFC 9457, as every refusal has to be. */
export function expectProblem(answer: TestAnswer, status: number, code: string): void {
  const { headers, body } = answer;
  expect({ status: answer.status, code: body?.code }, answer.text).toEqual({ status, code });
  expect(headers['content-type']).toMatch(/^application\/problem\+json/);
  expectProblemShape(answer);
}

/** As {@link expectProblem}, of whatever status and code. */
export function expectProblemShape({ status, headers, body, text }: TestAnswer): void {
  expect(headers['content-type'], text).toMatch(/^application\/problem\+json/);
  expect(body, text).toMatchObject({
    type: expect.stringMatching(/^urn:lapse:problem:[a-z-]+$/),
    title: expect.stringMatching(/^[a-z -]+$/),
    status,
    detail: expect.stringMatching(/\S/),
    code: expect.stringMatching(/^[a-z-]+$/),
    request_id: headers['x-request-id'],
  });
  for (const error of body.errors ?? []) {
    expect(error).toMatchObject({
      path: expect.any(String),
      message: expect.stringMatching(/\S/),
    });
  }
}
