import { describe, expect, it } from 'vitest';
import { type ChecklistFacts, checklist } from './checklist.ts';
import { earningOutlook } from './earning.ts';
import type { JoinedNode } from './joined-nodes.ts';
import type { JoinStep } from './steps.ts';
import type { TokenRecord } from './token-ledger.ts';

const NOW = Date.UTC(2026, 10, 25, 12);
const ID = 'ab'.repeat(32);

function someToken(change: Partial<TokenRecord> = {}): TokenRecord {
  return {
    tokenId: '01'.repeat(16),
    owner: 'a@x.example',
    label: 'attic',
    tags: [],
    maxUses: 1,
    usesLeft: 1,
    usedBy: [],
    createdBy: 'a@x.example',
    createdAt: NOW - 60_000,
    expiresAt: NOW + 840_000,
    revokedAt: undefined,
    ...change,
  };
}

function someNode(change: Partial<JoinedNode> = {}): JoinedNode {
  return {
    nodeId: ID,
    label: 'attic',
    lastSeen: NOW,
    lag: 1,
    forked: false,
    chainweb: 'up',
    atTipAt: NOW,
    peers: 12,
    diskFree: 500e9,
    address: '203.0.113.9',
    argv: ['chainweb-node', '--p2p-hostname=n.example', '--enable-mempool-p2p', '--enable-backup-api'],
    committedGb: 0,
    unpaid: true,
    unscored: true,
    ...change,
  };
}

const mark = (step: JoinStep, detail = {}, at = NOW) => ({ step, at, detail });
const statesOf = (facts: ChecklistFacts, now = NOW) =>
  Object.fromEntries(checklist(facts, now).map(({ id, state }) => [id, state]));
const outlooks = (node: JoinedNode) => earningOutlook(node, NOW).map(({ outlook }) => outlook);

describe('the checklist', () => {
  it('goes from waiting for everything to waiting for nothing', () => {
    const before = { token: someToken(), steps: [], nodes: [] };
    expect(new Set(Object.values(statesOf(before)))).toEqual(new Set(['waiting']));
    const after = {
      token: someToken({ usesLeft: 0, usedBy: [ID] }),
      steps: [mark('downloaded'), mark('key'), mark('doctor', { checks: [{ result: 'ok' }] })],
      nodes: [someNode()],
    };
    expect(new Set(Object.values(statesOf(after)))).toEqual(new Set(['done']));
  });

  it('says that a host was refused, and for what, until a later one gets further', () => {
    const refused = mark('refused', { code: 'join_token_elsewhere' });
    const facts = { token: someToken(), steps: [mark('key'), refused], nodes: [] };
    const joined = checklist(facts, NOW).find(({ id }) => id === 'joined');
    expect(joined).toMatchObject({ state: 'failed', text: expect.stringContaining('range') });
    expect(statesOf({ ...facts, steps: [mark('key', {}, NOW + 1), refused] })['joined']).toBe('waiting');
  });

  it('ends with the token, and counts the hosts of one for many', () => {
    const ended = { token: someToken({ expiresAt: NOW }), steps: [], nodes: [] };
    expect(statesOf(ended)['joined']).toBe('failed');
    const some = {
      token: someToken({ expiresAt: NOW, maxUses: 3, usesLeft: 2, usedBy: [ID] }),
      steps: [],
      nodes: [someNode()],
    };
    const joined = checklist(some, NOW).find(({ id }) => id === 'joined');
    expect(joined).toMatchObject({
      state: 'advice',
      text: '1 of 3 hosts are nodes of yours. The token ended.',
    });
  });

  it('shows what the doctor found, each with its fix', () => {
    const checks = [
      { result: 'ok', title: 'Disk', why: 'fine' },
      { result: 'fail', title: 'Clock', why: 'an hour off', fix: 'Set it' },
    ];
    const item = checklist({ token: someToken(), steps: [mark('doctor', { checks })], nodes: [] }, NOW).at(
      -1,
    );
    expect(item).toMatchObject({
      state: 'advice',
      text: '1 of 2 checks are fine.',
      findings: [{ what: 'Clock', why: 'an hour off', fix: 'Set it' }],
    });
  });

  it('names a chainweb that is not there', () => {
    const nodes = [someNode({ chainweb: 'down', lag: undefined })];
    expect(statesOf({ token: someToken({ usedBy: [ID], usesLeft: 0 }), steps: [], nodes })['tips']).toBe(
      'failed',
    );
  });
});

describe('what a node will earn', () => {
  it('is nothing without a payout account and a benchmark, however well it runs', () => {
    expect(outlooks(someNode())).toEqual(['wont', 'wont', 'will', 'later', 'will', 'will', 'unknown']);
    expect(outlooks(someNode({ unpaid: false }))[0]).toBe('will');
    expect(outlooks(someNode({ unscored: false }))[1]).toBe('will');
  });

  it.each([
    ['carrier-grade NAT', { address: '100.70.1.2' }, 7, /carrier-grade NAT.*100\.70\.1\.2/, /tunnel/],
    ['a private address', { address: '192.168.1.4' }, 7, /private address/, /forward TCP port 1789/],
    ['a missing argument', { argv: ['chainweb-node'] }, 6, /--p2p-hostname is missing/, /restart/],
    [
      'a private node',
      { argv: [...someNode().argv!, '--enable-private'] },
      6,
      /--enable-private is set/,
      /Change/,
    ],
    ['a full disk', { committedGb: 500 }, 5, /525 free; 500 GB/, /promise less/],
    ['too few peers', { peers: 1 }, 4, /1 peers/, /1789/],
    ['a stopped chainweb', { chainweb: 'stopped' }, 3, /stopped/, /Start chainweb/],
  ] as const)('is named with its remedy where there is %s', (...[, change, number, why, fix]) => {
    const gate = earningOutlook(someNode(change), NOW)[number - 1];
    expect(gate).toMatchObject({ number, outlook: 'wont' });
    expect(gate?.why).toMatch(why);
    expect(gate?.fix).toMatch(fix);
  });

  it('is open where nothing is known yet, never by guess', () => {
    const blank = someNode({
      lag: undefined,
      argv: undefined,
      address: undefined,
      chainweb: 'unknown',
      atTipAt: undefined,
      peers: undefined,
    });
    expect(outlooks(blank)).toEqual(['wont', 'wont', 'later', 'later', 'will', 'unknown', 'unknown']);
  });
});
