/** Whatever one node may say within the protocol, what the others say in the same moment is stored and answered. */
import { AGENT_FRAMES, type AgentFrameName, encodeAgentMessage } from '@stoa/protocol';
import { arbitrary } from '@stoa/protocol/fixtures';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { quietHeartbeat } from './kit/heartbeat.ts';
import { openTestHub, type TestHub } from './kit/hub.ts';
import { until } from './kit/until.ts';
import { WireAgent } from './kit/wire-agent.ts';

/** Those that end the session by what they hold are left out: they are nobody else's matter anyway. */
const KINDS = [
  'heartbeat',
  'ping',
  'tipReport',
  'agentDescription',
  'componentHealth',
  'effectiveConfig',
  'metricsBatch',
  'headerReply',
] as const satisfies readonly AgentFrameName[];

const frame = fc.oneof(
  ...KINDS.map((name) =>
    arbitrary(AGENT_FRAMES[name] as never).map((value) => encodeAgentMessage(name, value as never)),
  ),
);

let world: TestHub;

beforeAll(async () => {
  world = await openTestHub({ logLevel: 'warn' });
});
afterAll(() => world[Symbol.asyncDispose]());

async function connected(change: { agentVersion?: string } = {}) {
  const identity = await world.enrol();
  return {
    agent: await new WireAgent(world.hub.url.origin, identity).connect(change),
    nodeId: identity.nodeId,
  };
}

async function stored(table: 'node_status' | 'node_descriptions', nodeId: string): Promise<boolean> {
  const { sql } = world.database;
  return (await sql`select from ${sql(table)} where node_id = ${nodeId}`).length > 0;
}

describe('a node that says what no node would', () => {
  it('is stored with the others, whatever it says', async () => {
    const sane = await connected();
    await fc.assert(
      fc.asyncProperty(fc.array(frame, { minLength: 1, maxLength: 12 }), async (frames) => {
        const odd = await connected();
        for (const { type, payload } of frames) odd.agent.sendSealed(type, payload);
        odd.agent.send('heartbeat', quietHeartbeat());
        sane.agent.send('heartbeat', quietHeartbeat());
        await Promise.all([sane.agent.expect('heartbeatAck'), odd.agent.expect('heartbeatAck')]);
        expect(await stored('node_status', odd.nodeId)).toBe(true);
        await odd.agent.close();
      }),
      { numRuns: 30 },
    );
    expect(world.log.filter((line) => /could not be (taken|written)|failed/.test(line))).toEqual([]);
    await sane.agent.close();
  });

  it('may call itself what no column holds, and describe itself so', async () => {
    const version = 'a\0b\ud83d\ude00';
    const [odd, sane] = await Promise.all([connected({ agentVersion: version }), connected()]);
    const text = '\0\\u0000\0';
    const description = {
      agentVersion: version,
      runtime: text,
      hostname: text,
      platform: text,
      distribution: text,
      kernel: text,
      cpuModel: text,
      cpuCores: 0xffff,
      memTotalMb: 0xffff_ffff,
      chainwebVersion: text,
      chainwebNetwork: text,
      chainwebUrl: text,
      publicAddress: text,
      committedPath: text,
      committedGb: 0,
      driveCommittedGb: 0,
      p2pFingerprint: text,
      p2pPort: 0xffff,
      process: { pid: 1, supervision: 'none', supervisor: text, startedAt: 0, rssMb: 0, argv: [text] },
    } as const;
    for (const { agent } of [odd, sane]) {
      agent.send('agentDescription', { ...description, process: { ...description.process, argv: [text] } });
      agent.send('componentHealth', { components: [{ name: text, state: 'ok', why: text, since: 0 }] });
      agent.send('effectiveConfig', { settings: [{ name: text, value: text, isDefault: true }] });
    }
    for (const { nodeId } of [odd, sane])
      await until('a description', () => stored('node_descriptions', nodeId));
    const [row] = await world.database.sql`
      select agent_version, argv, components, settings from node_descriptions where node_id = ${odd.nodeId}`;
    const shown = '\ufffd\\u0000\ufffd';
    expect(row).toMatchObject({ agent_version: 'a\ufffdb\ud83d\ude00', argv: [shown] });
    await until('its lists', async () => {
      const [lists] = await world.database.sql`
        select components, settings from node_descriptions where node_id = ${odd.nodeId}`;
      return lists!['components'].length === 1 && lists!['settings'].length === 1;
    });
    await Promise.all([odd.agent.close(), sane.agent.close()]);
  });
});
