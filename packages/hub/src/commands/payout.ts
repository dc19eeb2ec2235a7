import { nodeCrypto } from '@stoa/protocol/node';
import { systemClock } from '../clock.ts';
import { HubError } from '../error.ts';
import { hubHourOf } from '../hub-hour.ts';
import {
  accountsInUse,
  findAccount,
  GuardLookup,
  guardSource,
  nodesNamed,
  PayoutResolver,
  ProofStore,
  recheck,
} from '../payouts/index.ts';
import type { Sql } from '../seams/db-adapter/index.ts';
import { besideHub } from './beside.ts';
import type { CommandContext } from './context.ts';
import { table } from './table.ts';

/** `stoa-hub payout show`: of a person the accounts that are named at last, of a node the one that is paid in this hour. */
export async function showPayout(context: CommandContext, who: string): Promise<void> {
  await besideHub(context, ({ sql }) =>
    who.includes('@') ? showPerson(context, sql, who.toLowerCase()) : showNode(context, sql, who),
  );
}

async function showPerson({ out, json }: CommandContext, sql: Sql, email: string): Promise<void> {
  const inUse = await accountsInUse(sql, email);
  const proofs = await new ProofStore(sql).newest(inUse.map(({ accountId }) => accountId));
  const told = inUse.map(({ accountId, account, forAll, ownNodes }) => {
    const proof = proofs.get(accountId);
    const provenAt = proof === undefined ? null : new Date(proof.provenAt).toISOString();
    return { accountId, account, forAll, ownNodes, provenAt };
  });
  if (json) out(JSON.stringify({ email, accounts: told }));
  else if (told.length === 0) out(`${email} named no account: nodes without one of their own earn nothing.`);
  else
    for (const line of table(
      ['ACCOUNT ID', 'PAYS', 'PROVEN', 'ACCOUNT'],
      told.map(({ accountId, account, forAll, ownNodes, provenAt }) => [
        accountId,
        forAll ? 'all without their own' : `${ownNodes} nodes`,
        provenAt ?? 'no: not minted to',
        account,
      ]),
    ))
      out(line);
}

async function showNode({ out, json }: CommandContext, sql: Sql, name: string): Promise<void> {
  const found = await nodesNamed(sql, name);
  const [node] = found;
  if (node === undefined || found.length > 1)
    throw new HubError(
      'not_found',
      node === undefined
        ? `no node has the id or label '${name}'`
        : `several nodes are called '${name}': name one by its id, ${found.map(({ nodeId }) => nodeId.slice(0, 12)).join(', ')}`,
      { retry: false },
    );
  const hubHour = hubHourOf(systemClock.now());
  const payout = (await new PayoutResolver(sql).at(hubHour, [node.nodeId])).get(node.nodeId);
  if (json) {
    out(JSON.stringify({ ...node, hubHour, payout: payout ?? null }));
    return;
  }
  out(`node     ${node.nodeId} ${node.label} of ${node.owner || 'nobody'}`);
  if (payout === undefined) out('paid to  nobody in this hour: it earns nothing');
  else {
    out(`paid to  ${payout.account}`);
    out(`proven   ${payout.verified ? 'yes' : 'no: it earns, and is not minted to'}`);
    if (payout.tunnel !== undefined)
      out(`tunnel   ${(payout.tunnel.permille1 / 10).toFixed(1)} per-mille to ${payout.tunnel.accountId}`);
  }
}

/** `stoa-hub payout verify`: the kept proof under the keys that the chain knows now. @throws HubError `proof_broken` where it does not hold. */
export async function verifyPayout(context: CommandContext, nameOrId: string): Promise<void> {
  const { config, out, json } = context;
  await besideHub(context, async ({ sql }) => {
    const known = await findAccount(sql, nameOrId);
    const proof = known && (await new ProofStore(sql).newest([known.accountId])).get(known.accountId);
    if (known === undefined || proof === undefined)
      throw new HubError(
        'not_found',
        known === undefined
          ? `nobody named this account: stoa-hub payout show EMAIL lists a person's`
          : 'nobody has proved this account: who named it does, under Settings, Payout',
        { retry: false },
      );
    const guards = new GuardLookup({ ...guardSource(config), network: config.network, clock: systemClock });
    const verdict = await recheck(known.account, proof, {
      guards,
      verify: (publicKey) => nodeCrypto.verifier(publicKey),
    });
    if (!verdict.holds) throw new HubError('proof_broken', verdict.why, { retry: false });
    const { keyset, from, saidBy } = verdict.guard;
    if (json) out(JSON.stringify({ ...known, holds: true, keyset, from, saidBy }));
    else
      out(
        `holds: ${keyset.pred} of ${keyset.keys.length}, by ${from === 'chain' ? saidBy.join(' and ') : 'its name'}`,
      );
  });
}
