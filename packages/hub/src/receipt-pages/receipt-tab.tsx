import { type EvidenceKind, GATES, type SettledReceipt, toHex } from '@stoa/protocol';
import {
  countMinutes,
  formatMinutes,
  formatPoints,
  formatScore,
  settledWords,
} from '@stoa/protocol/stoicism';
import { number } from '../console/format.ts';
import { Empty, Facts, Panel, Table, Unknown } from '../console/parts.tsx';
import { href } from '../console/scope.ts';
import { instantName, PATH } from './hours-page.tsx';
import type { PublishedRoot } from './published-root.ts';

export interface ReceiptRevision {
  readonly receipt: SettledReceipt;
  /** Undefined while its pass has no root. */
  readonly root: PublishedRoot | undefined;
}

export interface ReceiptView {
  readonly nodeId: string;
  readonly hubHour: number;
  /** By revision: the last holds. */
  readonly revisions: readonly ReceiptRevision[];
}

/** What a node's hour was paid, as the ledger settled it, with what proves it. */
export function ReceiptTab({ view }: { view: ReceiptView }) {
  const { nodeId, hubHour, revisions } = view;
  const day = new Date(hubHour * 3_600_000).toISOString().slice(0, 10);
  const base = `/nodes/${nodeId}`;
  const last = revisions.at(-1);
  return (
    <div class="receipt">
      <p class="crumb">
        <a href={href(`${base}/earnings?day=${day}`)}>Earnings of {day}</a>
      </p>
      <div class="tab-title">
        <h2>Receipt of {instantName(hubHour)} UTC</h2>
        {last !== undefined && (
          <p class="acts">
            <a href={href(`${base}/receipts/${hubHour}/verify`)}>Verify it here</a>
            <a href={href(`${base}/receipts/${hubHour}.json`)} download>
              Download the proof
            </a>
          </p>
        )}
      </div>
      {last === undefined ? (
        <Empty title="No receipt of this hour">
          <p>
            An hour is closed 15 minutes after its end. Receipts are kept for 35 days here, and on the node
            for good:
          </p>
          <pre tabindex={0}>
            <code>stoa-agent earnings why {day}</code>
          </pre>
        </Empty>
      ) : (
        <div class="stack">
          <PaidPanel receipt={last.receipt} />
          <WordsPanel receipt={last.receipt} />
          <ProofPanel {...last} />
          {revisions.length > 1 && <History revisions={revisions} />}
        </div>
      )}
    </div>
  );
}

function PaidPanel({ receipt }: { receipt: SettledReceipt }) {
  const { paid, pending } = settledWords(receipt);
  const { microScore, scoreVersion, account, points, pendingPoints, fee } = receipt;
  return (
    <Panel id="paid" title="What was paid" aside={`revision ${receipt.revision}`}>
      <Facts
        facts={[
          {
            name: 'Points',
            value: `${formatPoints(points)}, for ${minutes(paid)} at a score of ${formatScore(microScore)}`,
          },
          ...(pending === 0n && pendingPoints === 0n
            ? []
            : [
                {
                  name: 'Waits',
                  value: `${formatPoints(pendingPoints)}, for ${minutes(pending)} in warm-up`,
                },
              ]),
          ...(fee === undefined
            ? []
            : [
                {
                  name: 'Tunnel’s share',
                  value: `${formatPoints(fee.points + fee.pendingPoints)}, ${fee.permille1 / 10} ‰ of all, to account ${fee.account}`,
                },
              ]),
          {
            name: 'Account',
            value: account === '' ? <Unknown why="none was named" /> : <code>{account}</code>,
          },
          {
            name: 'Score',
            value:
              scoreVersion === 0 ? (
                <Unknown why="the node had none" />
              ) : (
                `version ${scoreVersion} of this node`
              ),
          },
        ]}
      />
    </Panel>
  );
}

/** Told twice: as a strip, and in words. */
function WordsPanel({ receipt }: { receipt: SettledReceipt }) {
  const { paid, pending } = settledWords(receipt);
  const rows: readonly (readonly [name: string, word: bigint, kind: string])[] = [
    ['Paid', paid, 'paid'],
    ['Waits for the end of the warm-up', pending, 'waits'],
    ['A gap of the hub, earned by rule', receipt.gap, 'gap'],
    ...GATES.map(
      (gate, i) => [`Failed gate ${i + 1}, ${gate}`, receipt.gateFailures[i] ?? 0n, 'gate'] as const,
    ),
    ['Judged by no gate', receipt.unjudged, 'doubt'],
    ['Told by one side only', receipt.unsupported, 'doubt'],
  ];
  return (
    <Panel id="words" title="Minute by minute" aside={`${minutes(receipt.minutes)} count`}>
      <Table
        caption="What the receipt says of each minute"
        columns={['What', 'Minutes', { word: 'Count', num: true }, 'Which']}
      >
        {rows
          .filter(([, word]) => word !== 0n)
          .map(([name, word, kind]) => (
            <tr>
              <th scope="row">{name}</th>
              <td>
                <WordStrip word={word} kind={kind} />
              </td>
              <td class="num">{countMinutes(word)}</td>
              <td class="receipt-minutes">{formatMinutes(word)}</td>
            </tr>
          ))}
      </Table>
    </Panel>
  );
}

function WordStrip({ word, kind }: { word: bigint; kind: string }) {
  const runs = runsOf(word);
  return (
    <svg class="minutes" viewBox="0 0 60 4" preserveAspectRatio="none" aria-hidden="true">
      <rect width="60" height="4" class="minute-none" />
      {runs.map(({ from, length }) => (
        <rect x={from} width={length} height="4" class={`minute-${kind}`} />
      ))}
    </svg>
  );
}

/** Minutes in a row as one: side by side they would show their seams. */
function runsOf(word: bigint): { readonly from: number; readonly length: number }[] {
  const bits = word.toString(2).padStart(60, '0').split('').reverse().join('');
  return [...bits.matchAll(/1+/g)].map(({ 0: run, index }) => ({ from: index, length: run.length }));
}

function ProofPanel({ receipt, root }: ReceiptRevision) {
  return (
    <Panel id="proof" title="What stands for it">
      {root === undefined ? (
        <p>
          Its pass is not sealed yet: a minute after the hour’s pass is over an instance of the region signs
          its root.
        </p>
      ) : (
        <Facts
          facts={[
            {
              name: 'Root',
              value: (
                <a href={`${PATH}/${root.hubHour}`}>
                  <code>{root.root}</code>
                </a>
              ),
            },
            { name: 'Signed by', value: `instance ${root.instance}` },
            {
              name: 'Stands for',
              value: `${root.count === 1 ? 'the one receipt' : `${number(root.count)} receipts`} of pass ${root.pass}`,
            },
          ]}
        />
      )}
      <p class="sub">
        It rests on{' '}
        {receipt.checkpoint === undefined ? (
          'no word of the node: no checkpoint of it came'
        ) : (
          <>
            the node’s own checkpoint <code>{toHex(receipt.checkpoint).slice(0, 16)}…</code>
          </>
        )}
        {receipt.evidence.map(({ kind, hash }) => (
          <>
            , {EVIDENCE.get(kind) ?? kind} <code title={toHex(hash)}>{toHex(hash).slice(0, 16)}…</code>
          </>
        ))}
        .
      </p>
    </Panel>
  );
}

const EVIDENCE: ReadonlyMap<string, string> = new Map<EvidenceKind, string>([
  ['score', 'the breakdown of its score'],
  ['dial-back', 'the report of who dialled back'],
  ['gap', 'a hub’s signed record of a gap'],
]);

function History({ revisions }: { revisions: readonly ReceiptRevision[] }) {
  return (
    <Panel id="revisions" title="How it came to be">
      <Table
        caption="Revisions of this receipt"
        columns={[
          { word: 'Revision', num: true },
          { word: 'Pass', num: true },
          { word: 'Paid', num: true },
          { word: 'Waits', num: true },
          { word: 'Points', num: true },
        ]}
      >
        {revisions.map(({ receipt, root }) => {
          const { paid, pending } = settledWords(receipt);
          return (
            <tr>
              <td class="num">{receipt.revision}</td>
              <td class="num">{root === undefined ? <Unknown why="not sealed yet" /> : root.pass}</td>
              <td class="num">{countMinutes(paid)}</td>
              <td class="num">{countMinutes(pending)}</td>
              <td class="num">{formatPoints(receipt.points + receipt.pendingPoints)}</td>
            </tr>
          );
        })}
      </Table>
      <p class="sub">Words that come late open a revision. What was paid before is never taken back.</p>
    </Panel>
  );
}

function minutes(word: bigint): string {
  const count = countMinutes(word);
  return count === 1 ? '1 minute' : `${count} minutes`;
}
