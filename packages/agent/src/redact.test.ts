import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSecretName, REDACTED, redactArgv, redactText, redactValue } from '#redact.ts';

const SECRET = 'hunter2+Zq/9';
const PEM = '-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIB\nAoGCCqGSM49\n-----END EC PRIVATE KEY-----';

describe('arguments of a process', () => {
  it.each([
    [['--p2p-certificate-key', SECRET]],
    [[`--p2p-certificate-key=${SECRET}`]],
    [['--api-key', SECRET]],
    [[`--password=${SECRET}`]],
    [['-token', SECRET]],
    [[`--log-handle=es:https://ada:${SECRET}@logs.example/chainweb`]],
    [[`--p2p-certificate-key=${PEM.replace('MHcCAQEEIB', SECRET)}`]],
    [['--header', `Authorization: Bearer ${SECRET}`]],
    [[`AWS_SECRET_ACCESS_KEY=${SECRET}`]],
  ])('%j lose their secret and nothing else', (argv) => {
    const clean = redactArgv(['chainweb-node', ...argv, '--p2p-port=1789']);
    expect(clean.join(' ')).not.toContain(SECRET);
    expect(clean.join(' ')).toContain(REDACTED);
    expect([clean[0], clean.at(-1)]).toEqual(['chainweb-node', '--p2p-port=1789']);
    expect(clean).toHaveLength(argv.length + 2);
  });

  it('keep what gates and operators look at', () => {
    const argv = [
      '--chainweb-version=stoa',
      '--mining-public-key=f89ef46927f506c70b6a58fd322450a936311dc6ac91f4ec3d8ef949608dbf1f',
      '--p2p-hostname=node.example',
      '--p2p-certificate-key-file=/etc/stoa/key.pem',
      '--known-peer-info=YNo8pXthYQ9RQKv1bbpQf2R5LcLYA3ppx2BL2Hf8fIM@bootstrap:1789',
      '--enable-backup-api',
      '+RTS',
      '-T',
      '-N',
    ];
    expect(redactArgv(argv)).toEqual(argv);
  });

  it('do not lose the option that follows a secret’s name without a value', () => {
    expect(redactArgv(['--show-token', '--enable-mempool-p2p'])).toEqual([
      '--show-token',
      '--enable-mempool-p2p',
    ]);
  });
});

describe('free text', () => {
  it.each([
    [`proxy http://ada:${SECRET}@proxy:3128 refused`, `proxy http://${REDACTED}@proxy:3128 refused`],
    [`{"password":"${SECRET}","port":1}`, `{"password":${REDACTED},"port":1}`],
    [`token: ${SECRET}; next`, `token: ${REDACTED}; next`],
    [`key ${PEM} end`, `key ${REDACTED} end`],
    [`cut ${PEM.slice(0, 50)}`, `cut ${REDACTED}`],
    ['stoa-agent enroll stoa1_AbCdEfGhIjKlMnOpQrStUv-_ --yes', `stoa-agent enroll stoa1_${REDACTED} --yes`],
    [`stoa-identity-1 ${'Ab_-'.repeat(60)} 8Zk3Qw1a`, `stoa-identity-1 ${REDACTED} 8Zk3Qw1a`],
    ['tips at https://node.example/cut: http_reset', 'tips at https://node.example/cut: http_reset'],
    ['10:44:12 keyId: 7f3a, tokenId=12', '10:44:12 keyId: 7f3a, tokenId=12'],
  ])('%j becomes %j', (text, clean) => {
    expect(redactText(text)).toBe(clean);
  });

  it('stays as it is when cleaned twice', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom('', 'password=', 'https://', 'token: '), (text, lead) => {
        const once = redactText(lead + text);
        expect(redactText(once)).toBe(once);
      }),
    );
  });
});

describe('data', () => {
  it('loses values under a secret’s name at any depth, and keeps its shape', () => {
    const data = {
      config: { httpsProxy: `http://ada:${SECRET}@proxy:3128/`, caFile: '/etc/ca.pem' },
      keys: [{ privateKey: SECRET, keyId: 'k1', publicKey: 'ab' }],
      ratchetSecret: { nested: SECRET },
      joinToken: SECRET,
      password: '',
      count: 3,
      absent: null,
    };
    expect(redactValue(data)).toEqual({
      config: { httpsProxy: `http://${REDACTED}@proxy:3128/`, caFile: '/etc/ca.pem' },
      keys: [{ privateKey: REDACTED, keyId: 'k1', publicKey: 'ab' }],
      ratchetSecret: REDACTED,
      joinToken: REDACTED,
      password: '',
      count: 3,
      absent: null,
    });
  });

  it('knows secrets by name', () => {
    expect(['token', 'ENROL_TOKEN', 'apiKey', 'api-key', 'passphrase', 'seed'].every(isSecretName)).toBe(
      true,
    );
    expect(['DB_PASS', 'pass', 'passkey', 'passcode', 'pass-1'].every(isSecretName)).toBe(true);
    expect(['tokenId', 'keyFile', 'publicKey', 'mining-public-key', 'seeds'].some(isSecretName)).toBe(false);
    expect(['passed', 'passes', 'bypassed'].some(isSecretName)).toBe(false);
  });
});

describe('hostile text', () => {
  it.each(['x', 'x=', 'a="', "a:'", 'ab://', 'http://a', '-----BEGIN PRIVATE KEY-----', 'Bearer '])(
    'of %j over and over takes linear time',
    (part) => {
      const cost = (length: number): number => {
        const text = part.repeat(length / part.length);
        const before = process.cpuUsage();
        redactText(text);
        const { user, system } = process.cpuUsage(before);
        return user + system;
      };
      cost(1000);
      // Quadratic time would be ten thousand times the first figure.
      expect(cost(200_000)).toBeLessThan(Math.max(cost(2000), 500) * 1000);
    },
  );
});
