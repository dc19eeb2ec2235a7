import { dayText } from '#mint/index.ts';
import { number } from '../console/format.ts';
import { Facts, Panel, Table, Unknown } from '../console/parts.tsx';
import { href } from '../console/scope.ts';
import type { ChainDiff, Diff, SlotDiff } from './diff-store.ts';
import { GasDiffPanel } from './gas-diff-panel.tsx';
import { Stamp } from './parts.tsx';
import type { Sweep } from './sweep.ts';
import { SweepCrumb } from './theatre-page.tsx';

export interface DiffView {
  readonly sweep: Sweep;
  readonly diff: Diff;
  /** Of the chain that was asked for; undefined: none was. */
  readonly slots: { readonly chain: number; readonly differing: readonly SlotDiff[] } | undefined;
}

/** Most slots that are named: whoever has more of them reads the ledger, not a page. */
export const MOST_SLOTS = 50;

/** The stored plan beside what the ledger reserved and what the chains show, before anything is signed and after. */
export function DiffPage({ view: { sweep, diff, slots } }: { view: DiffView }) {
  const faults = [
    ...diff.faults,
    ...diff.chains.flatMap((one) => one.faults.map((fault) => `Chain ${one.chain}: ${fault}`)),
  ];
  return (
    <article class="sweep">
      <SweepCrumb sweep={sweep} tab="diff" />
      <header class="node-head">
        <div class="node-name">
          <h1>Plan of {dayText(sweep.epoch)}</h1>
          {faults.length === 0 ? <span>agrees</span> : <strong class="warn">differs</strong>}
          <Stamp mode={sweep.mode} />
        </div>
        {faults.map((fault) => (
          <p class="warning" role="alert">
            {fault}.
          </p>
        ))}
      </header>
      <div class="stack">
        <Panel id="plan" title="What was fixed" aside="by the cut, once for ever">
          <Facts
            facts={[
              { name: 'Plan', value: <code>{sweep.planHash}</code> },
              { name: 'Cut', value: <code>{sweep.cutId}</code> },
              { name: 'Ledger up to event', value: number(sweep.cutSequence) },
              { name: 'Points', value: number(sweep.points) },
              { name: 'Accounts', value: number(sweep.accounts) },
              { name: 'Reserved of', value: `${number(diff.accounts)} accounts` },
            ]}
          />
        </Panel>
        <Panel id="chains" title="Chain by chain" aside="whole points">
          <Table
            caption="Plan, ledger and chain"
            columns={[
              ...['Chain', 'Stands'],
              ...['Slots', 'Plan', 'Reserved', 'On chain', 'Redeemed', 'Given back'].map(
                (word) => ({ word, num: true }) as const,
              ),
              'Account by account',
            ]}
          >
            {diff.chains.map((one) => (
              <ChainRow epoch={sweep.epoch} one={one} />
            ))}
          </Table>
          <p class="footnote">
            On chain is what the contract shows 6 blocks deep under the digest of each batch; Redeemed follows
            at 120 blocks. <code>stoa-hub mint verify {dayText(sweep.epoch)}</code> asks the nodes anew.
          </p>
        </Panel>
        <GasDiffPanel sweep={sweep} />
        {slots !== undefined && <Slots {...slots} />}
      </div>
    </article>
  );
}

function ChainRow({ epoch, one }: { epoch: number; one: ChainDiff }) {
  const { chain, slots, planned, reserved, released, onChain, redeemed, faults } = one;
  return (
    <tr>
      <th scope="row">{chain}</th>
      <td>{faults.length === 0 ? 'agrees' : <strong class="warn">differs</strong>}</td>
      {[slots, planned, reserved, onChain, redeemed, released].map((points) => (
        <td class="num">{number(points)}</td>
      ))}
      <td>
        <a
          href={href(`/admin/mint/${dayText(epoch)}/diff?chain=${chain}#slots`)}
          aria-label={`Compare accounts of chain ${chain}`}
        >
          Compare
        </a>
      </td>
    </tr>
  );
}

function Slots({ chain, differing }: { chain: number; differing: readonly SlotDiff[] }) {
  return (
    <Panel
      id="slots"
      title={`Accounts of chain ${chain}`}
      aside={differing.length > 0 && `at most ${MOST_SLOTS}`}
    >
      {differing.length === 0 ? (
        <p>Each slot is planned what the ledger reserved of its account.</p>
      ) : (
        <Table
          caption="Slots that differ"
          columns={[
            { word: 'Slot', num: true },
            'Account',
            { word: 'Planned', num: true },
            { word: 'Reserved', num: true },
          ]}
        >
          {differing.map(({ slot, account, planned, reserved }) => (
            <tr>
              <th scope="row" class="num">
                {number(slot)}
              </th>
              <td>
                {account === undefined ? (
                  <Unknown why="the slot is nobody's" />
                ) : (
                  <code class="address">{account}</code>
                )}
              </td>
              <td class="num">{number(planned)}</td>
              <td class="num">{number(reserved)}</td>
            </tr>
          ))}
        </Table>
      )}
    </Panel>
  );
}
