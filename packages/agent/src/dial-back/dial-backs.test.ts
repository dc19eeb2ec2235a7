import { type DialBackReport, decodeAgentMessage, dialBackKind, open } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { beforeEach, describe, expect, it } from 'vitest';
import { DialBacks } from '#dial-back/dial-backs.ts';
import { type LookTarget, lookThrough, mayLook, type Sight } from '#dial-back/look.ts';
import type { Http, HttpRequest } from '#http.ts';
import { HttpError } from '#http-error.ts';
import { createLog } from '#log.ts';
import { addressesIn } from '#public-address.ts';
import { VirtualClock } from '#virtual-clock.ts';

const key = nodeCrypto.signingKey(new Uint8Array(32).fill(3));
const clock = new VirtualClock(0);
let reports: DialBackReport[] = [];
let looked: LookTarget[] = [];
let answer: () => Promise<Sight>;

function dialBacks(besides = ''): DialBacks {
  return new DialBacks({
    clock,
    log: createLog({ clock, level: 'error', write: () => undefined }),
    nodeId: new Uint8Array(32).fill(9),
    key: () => key,
    besides: addressesIn(besides),
    look: (target) => {
      looked.push(target);
      return answer();
    },
    send: ({ type, payload }) => {
      const { sealed } = decodeAgentMessage(type, payload).value as { sealed: Uint8Array };
      reports.push(open(dialBackKind, sealed, nodeCrypto, key.publicKey));
    },
  });
}

const asked = (host: string, port = 1789) => ({
  nonce: new Uint8Array(16).fill(1),
  target: new Uint8Array(32).fill(2),
  host,
  port,
  network: 'stoa',
});
const outcomes = () => reports.map(({ outcome }) => outcome);

describe('a dial-back', () => {
  beforeEach(() => {
    reports = [];
    looked = [];
    answer = async () => ({ fingerprint: 'f'.repeat(43), height: 77 });
  });

  it('tells what was seen, signed by the node that looked', async () => {
    dialBacks().request(asked('5.6.7.8'));
    await clock.advance(0);
    expect(reports).toEqual(
      [
        {
          ...asked('5.6.7.8'),
          network: undefined,
          dialler: new Uint8Array(32).fill(9),
          outcome: 'answered',
          fingerprint: 'f'.repeat(43),
          height: 77,
          tookMs: 0,
        },
      ].map(({ network: _, ...report }) => report),
    );
  });

  it.each([
    '127.0.0.1',
    '10.1.2.3',
    '169.254.169.254',
    '100.64.0.1',
    '192.168.1.1',
    '::1',
    'fe80::1',
    'fd00::1',
    '::ffff:10.0.0.1',
    '64:ff9b::a00:1',
    'localhost',
    'node.example.org',
    '5.6.7.8:22',
    '[2001:41d0::1]',
    '5.6.7.8/admin?',
  ])('never goes to %s', async (host) => {
    dialBacks().request(asked(host));
    await clock.advance(0);
    expect(outcomes()).toEqual(['refused']);
    expect(looked).toEqual([]);
  });

  it('never goes to the port of another service', () => {
    for (const port of [22, 25, 443, 1_023]) expect(mayLook(asked('5.6.7.8', port), () => false)).toBe(false);
    expect(mayLook(asked('5.6.7.8', 1_789), () => false)).toBe(true);
    expect(mayLook(asked('2001:41d0::1'), () => false)).toBe(true);
  });

  it('goes where the operator allows it besides', async () => {
    dialBacks('10.0.0.0/8').request(asked('10.1.2.3'));
    await clock.advance(0);
    expect(outcomes()).toEqual(['answered']);
  });

  it('is made of an address once a minute, and of all together ten times', async () => {
    const some = dialBacks();
    some.request(asked('5.6.7.8'));
    await clock.advance(0);
    some.request(asked('5.6.7.8'));
    for (let i = 0; i < 20; i += 1) {
      some.request(asked(`5.6.8.${i}`));
      await clock.advance(0);
    }
    expect(looked).toHaveLength(10);
    expect(outcomes().filter((outcome) => outcome === 'refused')).toHaveLength(12);
    await clock.advance(60_000);
    some.request(asked('5.6.7.8'));
    await clock.advance(0);
    expect(looked).toHaveLength(11);
  });

  it('is one of two at a time, and tells nobody once the session is over', async () => {
    const held = Promise.withResolvers<Sight>();
    answer = () => held.promise;
    const some = dialBacks();
    for (let i = 0; i < 3; i += 1) some.request(asked(`5.6.7.${i}`));
    expect([looked.length, outcomes()]).toEqual([2, ['refused']]);
    some.lost();
    held.reject(new HttpError('http_timeout', 'x'));
    await clock.advance(0);
    expect(outcomes()).toEqual(['refused']);
  });

  it('tells apart who does not answer and who is no node', async () => {
    answer = async () => {
      throw new HttpError('http_refused', 'x');
    };
    dialBacks().request(asked('5.6.7.8'));
    answer = async () => {
      throw new TypeError('no cut');
    };
    dialBacks().request(asked('5.6.7.8'));
    await clock.advance(0);
    expect(outcomes()).toEqual(['unreachable', 'not-chainweb']);
  });

  it('asks for the cut alone, in five seconds and 64 KiB, whatever the certificate', async () => {
    const requests: HttpRequest[] = [];
    const http = {
      request: async (request: HttpRequest) => {
        requests.push(request);
        return { status: 404, headers: {}, body: new Uint8Array(), tlsFingerprint: 'f' };
      },
    } as unknown as Http;
    const look = lookThrough(http);
    const { signal } = new AbortController();
    await expect(look(asked('2001:41d0::1'), signal)).rejects.toMatchObject({ code: 'chainweb_status' });
    expect(requests).toEqual([
      {
        url: 'https://[2001:41d0::1]:1789/chainweb/0.0/stoa/cut',
        ...{ timeoutMs: 5_000, maxBytes: 65_536, selfSigned: true, signal },
      },
    ]);
  });
});
