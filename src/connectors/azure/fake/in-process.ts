import {
  createHttpHeaders,
  type HttpClient,
  type PipelineRequest,
  RestError,
} from '@azure/core-rest-pipeline';
import { answerRequest } from './answer-request.ts';
import type { FakeCloud } from './fake-cloud.ts';

/**
 * Reaches a fake cloud without a socket, so that what happens depends on what is asked alone and never
 * on how fast it was.
 */
export function inProcess(cloud: FakeCloud): HttpClient {
  return {
    async sendRequest(request) {
      const answer = answerRequest(cloud, {
        method: request.method,
        url: new URL(request.url),
        authorization: request.headers.get('authorization'),
        body: bodyOf(request),
      });
      if (!answer) throw new RestError('socket hang up', { code: 'ECONNRESET', request });
      const { status, headers, body } = answer;
      const bodyAsText = body === undefined ? '' : JSON.stringify(body);
      return { request, status, headers: createHttpHeaders(headers), bodyAsText };
    },
  };
}

function bodyOf({ body }: PipelineRequest): unknown {
  return typeof body === 'string' ? JSON.parse(body) : undefined;
}
