import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { readWebhookSecret } from '../../src/connectors/webhook/sign-webhook.ts';
import { webhookConnector } from '../../src/connectors/webhook/webhook-connector.ts';
import type { GrantOrder } from '../../src/domain/enforcement/connector.ts';
import { DAY } from '../../src/domain/schedule/instant.ts';
import { START } from '../support/given.ts';
import { listedHost } from '../support/listed-host.ts';

export const SECRET = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;
export const ACCOUNT = { kind: 'vpn-account', target: 'gateway-7', subject: 'rae@example.com' };

/** An order of ours as it came in. */
export interface ReceivedOrder {
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into orders of every shape.
  readonly body: any;
}

/** Serves a receiver on loopback that answers as it is told; what has come stands in `orders`. */
export async function receiving(
  answer: (order: ReceivedOrder, response: ServerResponse) => void,
): Promise<{ readonly url: string; readonly orders: ReceivedOrder[] }> {
  const orders: ReceivedOrder[] = [];
  const server = createServer(async (request, response) => {
    const text = Buffer.concat(await request.toArray()).toString('utf8');
    const order = { headers: request.headers, text, body: text === '' ? {} : JSON.parse(text) };
    orders.push(order);
    answer(order, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/lapse`, orders };
}

/** The connector that asks a receiver; its host is listed. */
export function asking(url: string, timeout?: number) {
  const rules = { listed: [listedHost(url)] };
  const key = readWebhookSecret(SECRET);
  return webhookConnector({
    url,
    key,
    kind: ACCOUNT.kind,
    rules,
    ...(timeout === undefined ? {} : { timeout }),
  });
}

/** Whether an order carries the signature that Standard Webhooks asks for, made anew here. */
export function isSigned({ headers, text }: ReceivedOrder): boolean {
  const { 'webhook-id': id, 'webhook-timestamp': at } = headers;
  const mac = createHmac('sha256', Buffer.alloc(32, 5)).update(`${id}.${at}.${text}`);
  return headers['webhook-signature'] === `v1,${mac.digest('base64')}`;
}

/** An order for a grant. */
export function orderFor(more: Partial<GrantOrder> = {}): GrantOrder {
  return {
    tenantId: '01J6M9M5Y0Q2H6W2QF9Q1VABCD',
    grantId: 'GRT_01J6M9M5Y0Q2H6W2QF9Q1VABCE-1',
    exceptionId: 'EXC_01J6M9M5Y0Q2H6W2QF9Q1VABCE',
    spec: ACCOUNT,
    endsAt: START + 10 * DAY,
    ticketId: 'INC123456',
    requestor: 'rae@example.com',
    placed: undefined,
    ...more,
  };
}
