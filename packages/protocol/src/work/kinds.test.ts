import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../limits.ts';
import { isGuarded, isKindName, KIND_NAMES, type KindName, kindOf, needsOrder } from './kinds.ts';
import {
  formatParams,
  type Parameter,
  type ParamValue,
  type ParamValues,
  parseParams,
} from './parameters.ts';

const hash = 'ab'.repeat(32);
const url = 'https://seeds.example/eu/2026-11-25.tar.zst?part=1';

/** Values that each kind must take; a kind more is a row more. */
const EXAMPLES = {
  'system-probe': {},
  'node-test': {},
  'stoachain-control': { action: 'restart' },
  'stoachain-cert-rotate': {},
  'stoachain-certbot-obtain': { domain: 'node-1.miner.example', email: 'ops+node@miner.example' },
  'seed-refresh': {},
  'seed-promote': { from: url, sha256: hash },
  'peer-trust-reset': {},
  'agent-rollback': { to: '1.2.3' },
  'benchmark-node': {},
  'drive-benchmark': {},
  'backup-stoachain': { to: url },
  'netdata-install': {},
  'apt-upgrade': {},
  'stoachain-install': {
    image: `ghcr.io/stoa/chainweb-node@sha256:${hash}`,
    supervisor: 'docker',
    hostname: '::1',
  },
  'stoachain-reseed': { url, sha256: hash },
  'stoachain-upgrade': { url, sha256: hash, gateMinutes: 20 },
  'stoachain-convert-supervision': { to: 'systemd' },
  'backup-restore': { sha256: hash },
} as const satisfies Record<KindName, ParamValues>;

describe.each(KIND_NAMES)('%s', (name) => {
  const kind = kindOf(name);

  it('takes its example, and fits where it travels', () => {
    const text = formatParams(kind.parameters, EXAMPLES[name]);
    expect(parseParams(kind.parameters, text)).toMatchObject(EXAMPLES[name]);
    expect(name.length).toBeLessThanOrEqual(40);
    expect(Object.keys(kind.parameters).length).toBeLessThanOrEqual(8);
  });

  it('says what it does, how to take it back, and ends', () => {
    expect([kind.doc, kind.undo].every((line) => line.length > 5 && line.length <= 160)).toBe(true);
    expect(kind.limitMs).toBeGreaterThan(0);
    expect(kind.limitMs).toBeLessThanOrEqual(LIMITS.longJobMs);
  });

  it('needs the signature of its class', () => {
    expect([needsOrder(kind), isGuarded(kind)]).toEqual(
      { read: [false, false], disruptive: [true, false], code: [true, true] }[kind.class],
    );
    // What changes nothing needs no privilege and may be done again.
    if (kind.class === 'read') expect([kind.root, kind.idempotent]).toEqual([false, true]);
  });
});

interface Field {
  readonly name: string;
  readonly parameter: Parameter;
  readonly example: ParamValue | undefined;
}
const FIELDS: Field[] = KIND_NAMES.flatMap((kind) =>
  Object.entries(kindOf(kind).parameters).map(([name, parameter]) => ({
    name: `${kind} ${name}`,
    // By itself, without the others that it hangs together with.
    parameter: alone(parameter),
    example: (EXAMPLES[kind] as ParamValues)[name] ?? parameter.default,
  })),
);

function alone(parameter: Parameter): Parameter {
  if (parameter.type !== 'text') return parameter;
  const { needs: _needs, or: _or, ...rest } = parameter;
  return rest;
}

function takes(parameter: Parameter, it: unknown): boolean {
  try {
    formatParams({ it: parameter }, { it: it as ParamValue });
    return true;
  } catch (error) {
    expect(error).toEqual(expect.objectContaining({ code: 'bad_params' }));
    return false;
  }
}

describe.each(FIELDS)('the parameter $name', ({ parameter, example }) => {
  it('takes its example and its default', () => {
    expect(takes(parameter, example)).toBe(true);
    expect(parameter.default === undefined || takes(parameter, parameter.default)).toBe(true);
    expect(parameter.doc.length).toBeGreaterThan(5);
  });

  it('lets nothing pass that could be more than one argument, or an option', () => {
    const text = String(example);
    const hostile = fc.constantFrom('\0', '\n', '\r', '\t', ' ', '"', "'", '\\', '\u2028', 'é', '\u{1f600}');
    fc.assert(
      fc.property(hostile, fc.nat(text.length), (piece, at) => {
        expect(takes(parameter, text.slice(0, at) + piece + text.slice(at))).toBe(false);
      }),
    );
    expect(takes(parameter, `-${text}`)).toBe(false);
    expect(takes(parameter, text + 'x'.repeat(400))).toBe(false);
  });
});

describe('kinds', () => {
  it('that bring code or data name it by a hash', () => {
    const refused: [KindName, ParamValues][] = [
      ['stoachain-upgrade', {}],
      ['stoachain-upgrade', { url }],
      ['stoachain-upgrade', { image: 'ghcr.io/stoa/chainweb-node:latest' }],
      ['stoachain-install', { ...EXAMPLES['stoachain-install'], image: 'ghcr.io/stoa/chainweb-node:latest' }],
      ['stoachain-reseed', { url }],
      ['backup-restore', { from: url }],
      ['stoachain-reseed', { url: 'http://seeds.example/x', sha256: hash }],
    ];
    for (const [name, values] of refused)
      expect(() => formatParams(kindOf(name).parameters, values)).toThrow(
        expect.objectContaining({ code: 'bad_params' }),
      );
  });

  it('are looked up by their own names only', () => {
    expect(['constructor', '__proto__', 'toString', '', 'Apt-Upgrade'].filter(isKindName)).toEqual([]);
    expect(KIND_NAMES.every(isKindName)).toBe(true);
  });
});
