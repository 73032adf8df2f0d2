import { createHash } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { ListedHost } from '../../platform/outbound/ask-outside.ts';
import { linkReader, type ReadLink } from './read-link.ts';

const NEVER = new AbortController().signal;
const read = (reader: ReadLink, link: string) => reader(link, NEVER);

/** A server on the loopback; its port, and the requests that it got. */
async function serving(listener: RequestListener) {
  const requests: { url: string; headers: object }[] = [];
  const server = createServer((request, response) => {
    requests.push({ url: request.url ?? '', headers: request.headers });
    listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { port, requests, listed: [{ host: '127.0.0.1', port }] as ListedHost[] };
}

/** As the name of any public server would resolve, were the server that is asked a public one. */
const resolvingTo =
  (...addresses: string[]) =>
  async () =>
    addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));

describe('what lies behind a link', () => {
  test('is its digest, size, type and status, asked for with nothing of ours', async () => {
    const { port, requests, listed } = await serving((_, response) =>
      response.writeHead(203, { 'content-type': 'text/html', 'set-cookie': 'a=b' }).end('<p>gone'),
    );
    expect(await read(linkReader(listed), `http://127.0.0.1:${port}/pr/1#note`)).toEqual({
      digest: createHash('sha256').update('<p>gone').digest('hex'),
      size: 7,
      type: 'text/html',
      status: 203,
    });
    expect(requests).toEqual([
      {
        url: '/pr/1',
        headers: {
          accept: '*/*',
          'accept-encoding': 'identity',
          'user-agent': 'Lapse',
          host: `127.0.0.1:${port}`,
          connection: 'close',
        },
      },
    ]);
  });

  test('is read after three redirects, and refused after a fourth', async () => {
    const { port, requests, listed } = await serving(({ url }, response) => {
      const left = Number(url?.slice(1));
      if (left === 0) response.end('here');
      else response.writeHead(302, { location: `/${left - 1}`, 'set-cookie': 'a=b' }).end('moved');
    });
    const reader = linkReader(listed);
    expect(await read(reader, `http://127.0.0.1:${port}/3`)).toMatchObject({
      size: 4,
      status: 200,
    });
    expect(requests.map(({ headers }) => 'cookie' in headers)).toEqual([
      false,
      false,
      false,
      false,
    ]);
    expect(await read(reader, `http://127.0.0.1:${port}/4`)).toEqual({
      reason: 'redirects more than 3 times',
      isFinal: true,
    });
  });

  test.each([
    [404, true],
    [401, true],
    [429, false],
    [503, false],
  ])('is nothing where the server answers %i', async (status, isFinal) => {
    const { port, listed } = await serving((_, response) => response.writeHead(status).end('no'));
    const found = await read(linkReader(listed), `http://127.0.0.1:${port}/`);
    expect(found).toEqual({ reason: `was answered with ${status}`, status, isFinal });
  });
});

describe('a link that leads inside', () => {
  const refused = (text: string) => ({ reason: expect.stringContaining(text), isFinal: true });

  test.each([
    ['http://127.0.0.1/', 'leads to 127.0.0.1, which is an internal address (loopback)'],
    ['http://127.1/', 'leads to 127.0.0.1, which is an internal address'],
    ['http://2130706433/', 'leads to 127.0.0.1, which is an internal address'],
    ['http://0x7f.0.0.1/', 'leads to 127.0.0.1, which is an internal address'],
    ['http://[::1]/', 'leads to ::1, which is an internal address (loopback)'],
    ['http://[::ffff:127.0.0.1]/', 'an internal address (loopback)'],
    ['http://[64:ff9b::7f00:1]/', 'an internal address (loopback)'],
    ['http://[::7f00:1]/', 'a reserved address'],
    ['http://169.254.169.254/latest/meta-data/', 'not a public address (link-local)'],
    ['http://[fd00:ec2::254]/', 'the metadata service of a cloud'],
    ['http://100.100.100.200/', 'the metadata service of a cloud'],
    ['http://168.63.129.16/', 'the metadata service of a cloud'],
    ['http://10.0.0.1/', 'an internal address (private)'],
    ['http://172.16.0.1/', 'an internal address (private)'],
    ['http://192.168.0.1/', 'an internal address (private)'],
    ['http://100.64.0.1/', 'an internal address (carrier-grade NAT)'],
    ['http://[fd00::1]/', 'an internal address (unique local)'],
    ['http://[fe80::1]/', 'not a public address (link-local)'],
    ['http://[ff02::1]/', 'not a public address (multicast)'],
    ['http://224.0.0.1/', 'not a public address (multicast)'],
    ['http://0.0.0.0/', 'not a public address (unspecified)'],
    ['http://255.255.255.255/', 'not a public address (broadcast)'],
    ['http://[2002:7f00:1::]/', 'not a public address (6to4)'],
    ['http://localhost/', 'an internal address (loopback)'],
  ])('%s is refused', async (link, reason) => {
    expect(await read(linkReader([]), link)).toEqual(refused(reason));
  });

  test('by a name of which one address is private is refused', async () => {
    const resolve = resolvingTo('93.184.215.14', '10.1.2.3');
    const found = await read(linkReader([], { resolve }), 'https://evidence.example/');
    expect(found).toEqual(refused('leads to 10.1.2.3, which is an internal address (private)'));
  });

  test('by a redirect is refused, and what it leads to is not asked', async () => {
    const inside = await serving((_, response) => response.end('secret'));
    const { port, listed } = await serving(({ url }, response) =>
      response
        .writeHead(307, {
          location:
            url === '/port' ? `http://127.0.0.1:${inside.port}/` : 'http://169.254.169.254/',
        })
        .end(),
    );
    const reader = linkReader(listed);
    const metadata = await read(reader, `http://127.0.0.1:${port}/`);
    expect(metadata).toEqual(refused('leads to 169.254.169.254'));
    const other = await read(reader, `http://127.0.0.1:${port}/port`);
    expect(other).toEqual(
      refused(`is on port ${inside.port}; 127.0.0.1:${inside.port} would have`),
    );
    expect(inside.requests).toEqual([]);
  });

  test('of another scheme, port or with credentials is refused', async () => {
    const reader = linkReader([{ host: 'wiki.example', port: undefined }]);
    expect(await read(reader, 'file:///etc/passwd')).toEqual(refused('is file: and not http:'));
    expect(await read(reader, 'http://me:secret@wiki.example/')).toEqual(refused('credentials'));
    const resolve = resolvingTo('93.184.215.14');
    const ssh = await read(linkReader([], { resolve }), 'http://wiki.example:22/');
    expect(ssh).toEqual(refused('is on port 22; wiki.example:22 would have to be'));
    expect(await read(reader, 'http://wiki.example:8443/')).toEqual(refused('is on port 8443'));
    expect(await read(reader, 'http://')).toEqual(refused('is no URL'));
  });

  test('is read where the operator has listed the host, but never metadata', async () => {
    const { port } = await serving((_, response) => response.end('inside'));
    const listed = [{ host: 'wiki.example', port }];
    const inside = linkReader(listed, { resolve: resolvingTo('127.0.0.1') });
    expect(await read(inside, `http://wiki.example:${port}/`)).toMatchObject({ size: 6 });
    const metadata = linkReader(listed, { resolve: resolvingTo('169.254.169.254') });
    expect(await read(metadata, `http://wiki.example:${port}/`)).toEqual(refused('link-local'));
  });
});

test('a name is asked for once, and the address that was checked is the one connected to', async () => {
  const { port, requests } = await serving((_, response) => response.end('whole'));
  const answers = [['127.0.0.1'], ['169.254.169.254']];
  let asked = 0;
  const resolve = async () => {
    const [addresses = []] = answers.slice(asked, asked + 1);
    asked += 1;
    return addresses.map((address) => ({ address, family: 4 }));
  };
  // Nothing but the answer of the test leads this name to the server.
  const reader = linkReader([{ host: 'rebinding.invalid', port }], { resolve });
  expect(await read(reader, `http://rebinding.invalid:${port}/`)).toMatchObject({ status: 200 });
  expect({ asked, requests: requests.length }).toEqual({ asked: 1, requests: 1 });
});

describe('what does not end', () => {
  const limits = { bytes: 1024 * 1024, milliseconds: 30_000 };

  test('a body without an end is refused at the limit, whatever it announces', async () => {
    const { port, listed } = await serving(({ url }, response) => {
      if (url === '/announced') response.writeHead(200, { 'content-length': 2 * 1024 * 1024 });
      const pour = () => {
        while (!response.destroyed && response.write(Buffer.alloc(64 * 1024)));
        response.once('drain', pour);
      };
      pour();
    });
    const reader = linkReader(listed, { limits });
    for (const path of ['', 'announced']) {
      const found = await read(reader, `http://127.0.0.1:${port}/${path}`);
      expect(found).toEqual({ reason: 'has more than 1 MB', isFinal: true });
    }
  });

  test('an answer, a body or a name that does not come is given up in time', async () => {
    const { port, listed } = await serving(({ url }, response) => {
      if (url === '/body') response.write('some');
    });
    const short = { ...limits, milliseconds: 200 };
    const late = { reason: 'did not come whole within 0.2 s', isFinal: false };
    for (const path of ['body', 'answer']) {
      const found = await read(
        linkReader(listed, { limits: short }),
        `http://127.0.0.1:${port}/${path}`,
      );
      expect(found).toEqual(late);
    }
    const resolve = () => new Promise<never>(() => {});
    const silent = linkReader([], { limits: short, resolve });
    expect(await read(silent, 'https://example.com/')).toEqual(late);
  });

  test('a body that breaks off, a closed port and an unknown name may be tried again', async () => {
    const { port, listed } = await serving((_, response) => {
      response.writeHead(200, { 'content-length': 10 }).write('half', () => response.destroy());
    });
    const broken = await read(linkReader(listed), `http://127.0.0.1:${port}/`);
    expect(broken).toMatchObject({
      reason: expect.stringContaining('could not be read'),
      isFinal: false,
    });
    const closed = linkReader([{ host: '127.0.0.1', port: 1 }]);
    expect(await read(closed, 'http://127.0.0.1:1/')).toEqual({
      reason: 'is where nobody listens (ECONNREFUSED)',
      isFinal: false,
    });
    const resolve = () => Promise.reject(Object.assign(new Error(), { code: 'ENOTFOUND' }));
    expect(await read(linkReader([], { resolve }), 'https://nowhere.example/')).toEqual({
      reason: 'has a name that is not known (ENOTFOUND)',
      isFinal: false,
    });
  });
});
