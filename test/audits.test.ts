/** Audits of a site by a hub that runs, answered by real agent cores out of their own chainweb. */
import { auditReportKind, fromHex, open } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { expect, it } from 'vitest';
import { VirtualWorld } from './world/virtual-world.ts';

const MINUTE = 60_000;
const OLD = 600;

interface Answer {
  readonly nodeId: string;
  readonly result: string;
  readonly isLate: boolean;
  readonly sealed: string;
}

it('a site is audited at once: each node answers out of its own chainweb and signs it, one without chainweb says so', async () => {
  await using world = await VirtualWorld.open({
    nodes: 6,
    audited: true,
    // Payloads are old ones, deeper than nodes reorganise.
    history: OLD,
    place: (i) => ({ owner: 'ann@stoa.example', address: `198.18.7.${10 + i}` }),
  });
  const { sql } = world.hub.database;
  const { nodes } = world.world;
  await world.until('all have joined', 5 * MINUTE, () => nodes.every(({ online }) => online));
  const [down] = nodes;
  down!.machine.chainwebUp = false;
  let rounds: { cluster: string; answers: readonly Answer[] }[] = [];
  await world.until('a round', 10 * MINUTE, async () => {
    rounds = await sql<typeof rounds>`select cluster, answers from sybil_rounds`;
    return rounds.length > 0;
  });
  const [{ cluster, answers }] = rounds as [(typeof rounds)[number]];
  expect(cluster).toBe('network 198.18.7.0/24');
  const able = nodes.slice(1).map(({ nodeId }) => nodeId);
  expect(answers.map(({ nodeId }) => nodeId).sort()).toEqual(able.sort());
  expect(new Set(answers.map(({ result }) => result))).toEqual(new Set(['answered']));
  const keys = await sql<
    { node_id: string; public_key: Uint8Array }[]
  >`select node_id, public_key from nodes`;
  const keyOf = new Map(keys.map((row) => [row.node_id, row.public_key]));
  const reports = answers.map(({ nodeId, sealed }) =>
    open(auditReportKind, Buffer.from(sealed, 'base64'), nodeCrypto, keyOf.get(nodeId)!),
  );
  expect(reports.map(({ node }) => Buffer.from(node))).toEqual(
    answers.map(({ nodeId }) => Buffer.from(fromHex(nodeId))),
  );
  // Of payloads and a nonce of its own each: no answer serves two.
  expect(new Set(reports.map(({ answer }) => Buffer.from(answer).toString('hex'))).size).toBe(answers.length);
}, 120_000);
