import { argvFaults } from '@stoa/protocol/stoicism';
import type { GateFrames } from '../gateway/index.ts';
import type { DialBackDesk } from './dial-back/dial-back-desk.ts';
import type { GateTable } from './gate-table.ts';

/** What nodes say, on its way into the columns. A quarantined session earns nothing, so it is not told. */
export function gateFrames(table: GateTable, dialBacks: DialBackDesk): Omit<GateFrames, 'auditResponse'> {
  return {
    opened(session, now) {
      const { node, facts } = session;
      const { nodeId } = node;
      const { epoch, sessionId, bootId } = facts;
      table.open({ nodeId, epoch, sessionId, bootId }, node.reportedTips(), now);
      dialBacks.opened(session);
    },
    heard({ node, facts }, now) {
      if (!facts.quarantined) table.heard({ nodeId: node.nodeId, epoch: facts.epoch }, now);
    },
    heartbeat({ node, facts }, beat, now) {
      if (!facts.quarantined) table.beat(node.nodeId, beat, now);
    },
    tips({ node, facts }, chains) {
      if (facts.quarantined) return;
      for (const chain of chains) {
        const hash = node.tipHash(chain);
        if (hash !== undefined) table.tip(node.nodeId, { chain, hash });
      }
    },
    described(session, description) {
      const { node, facts } = session;
      if (facts.quarantined) return;
      const argvOk = argvFaults(description.process?.argv ?? []).length === 0;
      table.described(node.nodeId, { ...description, argvOk });
      dialBacks.described(session, description);
    },
    dialBackResult: (session, sealed) => dialBacks.result(session, sealed),
    ended(session) {
      const { node, facts } = session;
      table.close({ nodeId: node.nodeId, epoch: facts.epoch });
      dialBacks.ended(session);
    },
  };
}
