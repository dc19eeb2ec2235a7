import { readFileSync } from 'node:fs';
import { contractParser } from '@kadena/pactjs-generator';
import {
  ACCOUNT_CAP,
  BUCKET,
  type CommandSetting,
  commandText,
  EPOCH_CAP,
  type MintAct,
  WIDEST_SETTING,
  WINDOW,
} from '@stoa/protocol/mint';
import { describe, expect, it } from 'vitest';

const contract = readFileSync(new URL('register.pact', import.meta.url), 'utf8');
const code = contract.replaceAll(/;.*/g, '');
const [[parsed]] = contractParser(contract, 'stoic');

interface Parameter {
  readonly name: string;
  readonly type: string;
}

/** A list's type is an object of its letters to the parser; the types that it stops at are missing. */
function typeText(type: unknown): string | undefined {
  if (typeof type !== 'object' || type === null) return type as string | undefined;
  const letters = Object.entries(type).filter(([key]) => /^\d+$/.test(key));
  return `[${letters.map(([, letter]) => letter).join('')}]`;
}

const parsedParameters = (kind: 'functions' | 'capabilities', name: string) =>
  parsed?.[kind]
    ?.find((one) => one.name === name)
    ?.parameters?.map((parameter) => ({ name: parameter.name, type: typeText(parameter.type) }));

/** The parameters of a function as they stand in its text. */
function writtenParameters(name: string): Parameter[] {
  const [, list] = new RegExp(`\\(defun ${name}:\\S+ \\(([^()]*)\\)`).exec(code) ?? [];
  return (list ?? '').split(' ').map((parameter) => {
    const [, named = '', type = ''] = /^([\w-]+):(\S+)$/.exec(parameter) ?? [];
    return { name: named, type };
  });
}

const setting: CommandSetting = { ...WIDEST_SETTING, namespace: 'stoic', module: 'register' };
const digest = setting.moduleHash;

/** Each act with what its function and its capability are to be called with, in the order of the text. */
const ACTS: readonly {
  act: MintAct;
  function: string;
  parameters: string;
  capability: string;
  scope: string;
}[] = [
  {
    act: { kind: 'open', epoch: 1, cap: 2, bounds: [0, 3], digest },
    ...{ function: 'open-epoch', parameters: 'epoch:integer cap:integer bounds:[integer] digest:string' },
    ...{ capability: 'OPEN', scope: 'epoch:integer cap:integer digest:string' },
  },
  {
    act: { kind: 'mint', epoch: 1, batch: 2, deltas: '[[]]', sum: 3, digest },
    function: 'update-registers',
    parameters: 'epoch:integer batch:integer deltas:[[integer]] sum:integer digest:string',
    ...{ capability: 'MINT', scope: 'epoch:integer batch:integer sum:integer digest:string' },
  },
  {
    act: { kind: 'close', epoch: 1, total: 2 },
    ...{ function: 'close-epoch', parameters: 'epoch:integer sum:integer' },
    ...{ capability: 'CLOSE', scope: 'epoch:integer sum:integer' },
  },
  {
    act: { kind: 'enrol', first: 1, accounts: ['k:a'], digest },
    ...{ function: 'enrol', parameters: 'first:integer names:[string] digest:string' },
    ...{ capability: 'ENROL', scope: 'first:integer count:integer digest:string' },
  },
];

const listed = (text: string): Parameter[] =>
  text.split(' ').map((parameter) => {
    const [name = '', type = ''] = parameter.split(':');
    return { name, type };
  });

describe('contract and commands agree', () => {
  it.each(ACTS)('on $function: its parameters, in their order and with their types', (expected) => {
    expect(writtenParameters(expected.function)).toEqual(listed(expected.parameters));
    // The generator reads what it can: up to a nested list, of whose parameter it has the name alone.
    const nested = expected.parameters.indexOf(':[[');
    if (nested === -1)
      expect(parsedParameters('functions', expected.function)).toEqual(listed(expected.parameters));
    else
      expect(parsedParameters('functions', expected.function)).toEqual([
        ...listed(expected.parameters.slice(0, expected.parameters.lastIndexOf(' ', nested))),
        { name: 'deltas', type: undefined },
      ]);
  });

  it.each(ACTS)(
    'on $capability: what a signature for $function is scoped to',
    ({ act, capability, scope, ...of }) => {
      expect(parsedParameters('capabilities', capability)).toEqual(listed(scope));
      expect(parsed?.functions?.find(({ name }) => name === of.function)?.withCapabilities).toEqual([
        capability,
      ]);
      const { signers } = JSON.parse(commandText(act, setting));
      const [, clist] = signers[0].clist;
      expect(clist.name).toBe(`stoic.register.${capability}`);
      const types = clist.args.map((arg: unknown) => (typeof arg === 'string' ? 'string' : 'integer'));
      expect(types).toEqual(listed(scope).map(({ type }) => type));
    },
  );

  it.each(ACTS)('on the code that calls $function', ({ act, parameters, ...of }) => {
    const { payload } = JSON.parse(commandText(act, setting));
    const [, call = ''] = /^\(use stoic\.register "[^"]+"\)\((.*)\)$/.exec(payload.exec.code) ?? [];
    const types = call
      .replace('(read-msg "accounts")', '["k:a"]')
      .replaceAll(/\[\[\]\]/g, '[[integer]]')
      .replaceAll(/\[\d[\d ]*\]/g, '[integer]')
      .replaceAll(/\["[^"]*"\]/g, '[string]')
      .split(' ')
      .map((part) => part.replace(/^\d+$/, 'integer').replace(/^".*"$/, 'string'));
    expect(types).toEqual([of.function, ...listed(parameters).map(({ type }) => type)]);
  });

  it('on the constants', () => {
    const constants = [...code.matchAll(/\(defconst ([A-Z_]+):integer (\d+)\)/g)];
    expect(Object.fromEntries(constants.map(([, name, value]) => [name, Number(value)]))).toEqual({
      BUCKET,
      ACCOUNT_CAP,
      EPOCH_CAP,
      WINDOW,
    });
  });
});

describe('the contract', () => {
  it('has these capabilities and no others; none that is not guarded is acquired', () => {
    const guards = [
      ...code.matchAll(/\(defcap (\w+)\S* \([^)]*\)\s*(?:@event )?(true|\(enforce-guard \([^()]*\)\))\)/g),
    ].map(([, name, guard]) => [name, guard]);
    const [gov, minter] = ['(enforce-guard (keyset-ref-guard "stoic.gov"))', '(enforce-guard (minter))'];
    expect(guards).toEqual([
      ['GOV', gov],
      ['ROTATE', gov],
      ['OPEN', minter],
      ['MINT', minter],
      ['CLOSE', minter],
      ['ENROL', minter],
      ['CLOSED', 'true'],
    ]);
    expect(parsed?.capabilities?.map(({ name }) => name)).toEqual(guards.map(([name]) => name));
    expect(code).not.toContain('(with-capability (CLOSED');
  });

  it('writes inside of a capability alone: no other function has a write', () => {
    const functions = code.split('(defun ').slice(1);
    const writers = functions.filter((text) => /\((?:insert|update|write) /.test(text));
    expect(writers.map((text) => text.slice(0, text.indexOf(':')))).toEqual([
      'rotate-minter',
      'open-epoch',
      'update-registers',
      'close-epoch',
      'enrol',
    ]);
    for (const text of writers) {
      const capability = text.indexOf('(with-capability ');
      expect(capability).toBeGreaterThan(0);
      expect(text.search(/\((?:insert|update|write) /)).toBeGreaterThan(capability);
    }
  });

  it('is closed where it ends, and in ASCII', () => {
    let depth = 0;
    const ends = [...code].flatMap((char, index) => {
      depth += Number('([{'.includes(char)) - Number(')]}'.includes(char));
      return depth === 0 && char === ')' ? [index] : [];
    });
    expect(ends).toEqual([code.trimEnd().length - 1]);
    expect(contract).toMatch(/^[\n -~]*$/);
  });
});
