import { number } from '../console/format.ts';
import { Facts, Panel, Table, Unknown } from '../console/parts.tsx';
import { Checks } from './checks-panel.tsx';
import { PATH } from './explorer-path.ts';
import { linkTo, type TransactionLinks } from './links.ts';
import { EpochState, Stamp } from './parts.tsx';
import type { PublishedChain, PublishedSweep, PublishedTransaction } from './published.ts';
import { nameOf, STATES } from './words.ts';

export interface MintView {
  readonly sweep: PublishedSweep;
  readonly mode: 'shadow' | 'live';
  readonly links: TransactionLinks;
  /** Of this site, for commands that fetch. */
  readonly origin: string;
}

/** One day's mint: totals of each chain, each transaction, and how to check it without trusting this site. */
export function MintPage({ view }: { view: MintView }) {
  const { sweep, mode } = view;
  return (
    <div class="public">
      <p class="crumb">
        <a href={PATH}>Mints</a>
      </p>
      <header class="title">
        <h1>Mint of {sweep.day}</h1>
        <p class="pulse">
          <Stamp mode={mode} />
          <EpochState state={sweep.state} />
          {sweep.contract !== null && <code>{sweep.contract}</code>}
          <a href={`${PATH}/${sweep.day}.json`}>JSON</a>
        </p>
      </header>
      <dl class="totals">
        {(
          [
            ['Points', sweep.points],
            ['Accounts', sweep.accounts],
            ['Transactions', sweep.transactions],
            ['Gas', sweep.gas],
          ] as const
        ).map(([name, value]) => (
          <div>
            <dt>{name}</dt>
            <dd>{number(value)}</dd>
          </div>
        ))}
      </dl>
      <Chains chains={sweep.chains} />
      <Batches view={view} />
      <Besides view={view} />
      <Checks sweep={sweep} origin={view.origin} />
    </div>
  );
}

function Chains({ chains }: { chains: readonly PublishedChain[] }) {
  const minted = (one: PublishedChain) =>
    one.batches
      .filter(({ state }) => state === 'final' || state === 'settled')
      .reduce((sum, batch) => sum + (batch.sum ?? 0), 0);
  return (
    <Panel id="chains" title="Chain by chain" aside="whole points">
      <Table
        caption="Totals of each chain"
        columns={[
          { word: 'Chain', num: true },
          ...['Slots', 'Planned', 'On chain', 'Batches', 'Gas'].map((word) => ({ word, num: true }) as const),
          'Digest of its plan',
        ]}
      >
        {chains.map((one) => (
          <tr>
            <th scope="row" class="num">
              {one.chain}
            </th>
            {[
              one.slots,
              one.cap,
              minted(one),
              one.batches.length,
              one.batches.reduce((sum, { gas }) => sum + (gas ?? 0), 0),
            ].map((value) => (
              <td class="num">{number(value)}</td>
            ))}
            <td>
              <code>{one.digest}</code>
            </td>
          </tr>
        ))}
      </Table>
    </Panel>
  );
}

function Batches({ view: { sweep, links } }: { view: MintView }) {
  const batches = sweep.chains.flatMap((one) => one.batches);
  return (
    <Panel id="batches" title="Batches" aside="what mints">
      {batches.length === 0 ? (
        <p>Nobody earned a whole point: each chain’s day is opened, and nothing is minted.</p>
      ) : (
        <div class="mint-batches">
          {batches.map((one) => (
            <section class="lane" id={idOf(one)} aria-labelledby={`${idOf(one)}-title`}>
              <header>
                <h3 id={`${idOf(one)}-title`}>
                  Chain {one.chain}, {nameOf({ ...one, size: 0 }).toLowerCase()}
                </h3>
                <p title={STATES[one.state].means}>{one.state}</p>
              </header>
              <Facts facts={factsOf(one, { day: sweep.day, links })} />
            </section>
          ))}
        </div>
      )}
    </Panel>
  );
}

function idOf({ chain, part }: PublishedTransaction): string {
  return `batch-${chain}-${part}`;
}

function factsOf(one: PublishedTransaction, { day, links }: { day: string; links: TransactionLinks }) {
  const { chain, part, sum = 0, from = 0, to = 0, digest, height, block, gas, gasLimit, bytes } = one;
  const files = `${PATH}/${day}/${chain}/${part}`;
  return [
    { name: 'Points', value: `${number(sum)} in buckets ${number(from)} to ${number(to - 1)}` },
    { name: 'Request key', value: <Keys one={one} links={links} /> },
    { name: 'Digest', value: <code>{digest}</code> },
    { name: 'Block', value: <Block height={height} block={block} /> },
    { name: 'Gas', value: `${gas === null ? '–' : number(gas)} of ${number(gasLimit)}` },
    {
      name: 'Bytes',
      value:
        bytes === null ? (
          <Unknown why="not sent yet" />
        ) : (
          <>
            {number(bytes)}: <a href={`${files}/cmd`}>command</a>, <a href={`${files}/deltas`}>deltas</a>
          </>
        ),
    },
  ];
}

function Block({ height, block }: Pick<PublishedTransaction, 'height' | 'block'>) {
  if (height === null) return <Unknown why="in no block yet" />;
  return (
    <>
      {number(height)} <code>{block}</code>
    </>
  );
}

function Keys({
  one: { chain, requestKeys },
  links,
}: {
  one: PublishedTransaction;
  links: TransactionLinks;
}) {
  if (requestKeys.length === 0) return <Unknown why="not sent yet" />;
  return (
    <>
      {requestKeys.map((requestKey) => {
        const url = linkTo(links, { chain, requestKey });
        return (
          <span class="tx-key">
            {url === undefined ? (
              <code>{requestKey}</code>
            ) : (
              <a href={url}>
                <code>{requestKey}</code>
              </a>
            )}
          </span>
        );
      })}
    </>
  );
}

function Besides({ view: { sweep, links } }: { view: MintView }) {
  return (
    <Panel id="beside" title="Openings and enrolments" aside="counted in the totals; they mint nothing">
      <Table
        caption="Openings, closings and enrolments"
        columns={[
          { word: 'Chain', num: true },
          ...['What', 'State'],
          { word: 'Gas', num: true },
          { word: 'Block', num: true },
          'Request key',
        ]}
      >
        {sweep.beside.map((one) => (
          <tr>
            <th scope="row" class="num">
              {one.chain}
            </th>
            <td>
              {one.kind === 'open'
                ? 'Opening'
                : one.kind === 'close'
                  ? 'Closing'
                  : `Enrolment from slot ${number(one.part)}`}
            </td>
            <td>{one.state}</td>
            <td class="num">{one.gas === null ? <Unknown why="in no block yet" /> : number(one.gas)}</td>
            <td class="num">
              {one.height === null ? <Unknown why="in no block yet" /> : number(one.height)}
            </td>
            <td>
              <Keys one={one} links={links} />
            </td>
          </tr>
        ))}
      </Table>
    </Panel>
  );
}
