import { createHmac } from 'node:crypto';

const SECRET = /^whsec_([A-Za-z0-9+/]+={0,2})$/;

/** The key in a secret of Standard Webhooks: `whsec_` and 24 to 64 bytes in base64. */
export function readWebhookSecret(secret: string | undefined): Buffer {
  const key = Buffer.from(SECRET.exec(secret?.trim() ?? '')?.[1] ?? '', 'base64');
  if (key.length >= 24 && key.length <= 64) return key;
  throw new Error(
    'its secret cannot sign: whsec_ followed by 24 to 64 random bytes in base64 would pass',
  );
}

/** The headers of a message as Standard Webhooks has them; `at` is the time in milliseconds. */
export function webhookHeaders(
  key: Buffer,
  { id, at, body }: { readonly id: string; readonly at: number; readonly body: string },
): Record<string, string> {
  const timestamp = String(Math.floor(at / 1_000));
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${signature}`,
  };
}
