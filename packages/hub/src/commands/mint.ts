import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { fromBase64Url, toHex } from '@stoa/protocol';
import type { PlanOutline } from '@stoa/protocol/mint';
import { connectMintSigner } from '@stoa/signer/client';
import { AuditLog } from '../audit/index.ts';
import { systemClock } from '../clock.ts';
import { iso } from '../console/format.ts';
import { HubError } from '../error.ts';
import { createLedgerTools } from '../ledger/index.ts';
import { createLog } from '../log.ts';
import {
  type Batch,
  createMintTools,
  createReconciliation,
  dayText,
  type Epoch,
  GAS_DAYS,
  type GasAccount,
  lackOf,
  MintFault,
  type MintTools,
  parseDay,
} from '../mint/index.ts';
import { mintChain, openMint } from '../mint-side.ts';
import type { Sql } from '../seams/db-adapter/index.ts';
import { secureRandom } from '../secure-random.ts';
import { besideHub } from './beside.ts';
import { COMMAND_LINE } from './command-line.ts';
import { type CommandContext, paths } from './context.ts';
import { printable, table } from './table.ts';

function epochOf(day: string): number {
  const epoch = parseDay(day);
  if (epoch === undefined)
    throw new HubError('bad_option', `'${printable(day)}': a day like 2026-11-26 expected`, { retry: false });
  return epoch;
}

interface Beside {
  readonly sql: Sql;
  readonly tools: MintTools;
}

function withTools<T>(context: CommandContext, work: (by: Beside) => Promise<T>): Promise<T> {
  return besideHub(context, ({ sql }) => work({ sql, tools: createMintTools(toolsDeps(context, sql)) }));
}

export function toolsDeps({ config: { region } }: CommandContext, sql: Sql) {
  return { sql, region, clock: systemClock, book: createLedgerTools({ sql, clock: systemClock }).book };
}

export function requireChain({ config }: CommandContext) {
  const chain = mintChain(config, config.network);
  if (chain !== undefined) return chain;
  throw new MintFault(
    'not_configured',
    'this hub mints nothing: MINT_CONTRACT, MINTER and two nodes are set where one does',
  );
}

/** `stoa-hub mint plan DAY`. */
export async function planMint(context: CommandContext, day: string): Promise<void> {
  const epoch = epochOf(day);
  await withTools(context, async ({ tools }) => {
    const cut = await tools.epochs.find(epoch);
    const preview = cut === undefined ? await tools.cut.preview(epoch) : undefined;
    const plan = preview?.plan ?? (await tools.plans.get(epoch));
    const all = plan.chains.flatMap(({ batches }) => batches);
    const told = {
      ...{ day, fixed: cut !== undefined, hash: plan.hash, ...outlineOf(plan) },
      accounts: cut?.accounts ?? preview!.shares.length,
      waiting: cut?.waiting ?? preview!.waiting,
      transactions: all.length,
      bytes: all.reduce((most, { bytes }) => Math.max(most, bytes), 0),
      gas: all.reduce((sum, { gas }) => sum + gas, 0),
      gasAccounts: await tools.gasAccounts.list(),
    };
    if (context.json) return context.out(JSON.stringify(told));
    const { out } = context;
    out(
      `${day} ${told.fixed ? 'was cut' : 'is not cut; a cut now would take'}: ${told.points} points of ${told.accounts} accounts`,
    );
    out(`${told.waiting} accounts with a whole point wait: unproven, or their slot is not final`);
    out(
      `plan ${told.hash}: ${told.transactions} batches, the longest ${told.bytes} bytes, ${told.gas} gas in all`,
    );
    const rows = plan.chains.map(({ chain, slots, cap, batches }) =>
      [chain, slots, cap, batches.length].map(String),
    );
    for (const row of table(['CHAIN', 'SLOTS', 'POINTS', 'BATCHES'], rows)) out(row);
    for (const line of gasLines(told.gasAccounts)) out(line);
  });
}

/** Without deltas, which stand in it by their digests. */
function outlineOf({ epoch, cutId, points, chains }: PlanOutline): PlanOutline {
  return {
    ...{ epoch, cutId, points },
    chains: chains.map(({ chain, slots, cap, bounds, batches }) => ({
      ...{ chain, slots, cap, bounds },
      batches: batches.map(({ sum, digest }) => ({ sum, digest })),
    })),
  };
}

/** `stoa-hub mint status DAY`. */
export async function showMint(context: CommandContext, day: string): Promise<void> {
  const epoch = epochOf(day);
  await withTools(context, async ({ tools }) => {
    const one = await tools.epochs.get(epoch);
    const batches = await tools.batches.ofEpoch(epoch);
    const faults = await tools.faults.list();
    const gasAccounts = await tools.gasAccounts.list();
    if (context.json) {
      const { cutHash, ...rest } = one;
      const told = { ...rest, cutHash: toHex(cutHash) };
      const asked = batches.map((batch) => ({ ...batch, gasDifference: gasDifferenceOf(batch) }));
      return context.out(JSON.stringify({ day, ...told, batches: asked, faults, gasAccounts }));
    }
    context.out(headline(one));
    const rows = batches.map((batch) => [
      ...[String(batch.chain), batch.kind, String(batch.part), batch.state, String(batch.attempt + 1)],
      ...[String(batch.modelGas), batch.preflightGas === undefined ? '' : String(batch.preflightGas)],
      ...[iso(batch.since), batch.seen === undefined ? '' : String(batch.seen.height), batch.reason],
    ]);
    const acts = [
      'CHAIN',
      'ACT',
      'PART',
      'STATE',
      'ATTEMPT',
      'MODEL',
      'PREFLIGHT',
      'SINCE',
      'BLOCK',
      'REASON',
    ];
    for (const row of table(acts, rows)) context.out(row);
    for (const { place, code, message, since } of faults)
      context.out(`${place}, since ${iso(since)}: ${message} [${code}]`);
    for (const line of gasLines(gasAccounts)) context.out(line);
  });
}

/** What nodes said above the model; null where none was asked yet. */
function gasDifferenceOf({ modelGas, preflightGas }: Batch): number | null {
  return preflightGas === undefined ? null : preflightGas - modelGas;
}

/** Where accounts that pay for gas run low; one line where none does. */
function gasLines(accounts: readonly GasAccount[]): string[] {
  if (accounts.length === 0) return [];
  const lacks = accounts.flatMap((one) => lackOf(one) ?? []);
  return lacks.length > 0 ? lacks : [`gas for ${GAS_DAYS} days is there on every chain that was read`];
}

function headline({ epoch, contract, state, points, accounts, mode, planHash }: Epoch): string {
  const test = mode === 'shadow' ? ' (TEST)' : '';
  const where = contract === undefined ? '' : ` on ${contract}`;
  return `${dayText(epoch)} is ${state}${where}${test}: ${points} points of ${accounts} accounts, plan ${planHash}`;
}

const LOOK_MS = 5_000;

/** `stoa-hub mint run DAY`. @throws HubError `mint_stopped` where a person must look */
export async function runMint(context: CommandContext, day: string): Promise<void> {
  const epoch = epochOf(day);
  requireChain(context);
  const { config, out, json, signal } = context;
  await using signer = closing(connectMintSigner({ socketPath: paths(config).mintSignerSocket }));
  await besideHub(context, async ({ sql }) => {
    const log = createLog({ level: config.logLevel });
    const holder = `${COMMAND_LINE} ${toHex(secureRandom(6))}`;
    const mint = openMint({
      ...{ ...toolsDeps(context, sql), config, signer: signer.client, network: config.network, holder, log },
    })!;
    let told = '';
    try {
      while (!signal.aborted) {
        await mint.sequencer.tick();
        const now = await progress(mint, epoch);
        if (now.text !== told && !json) out(now.text);
        told = now.text;
        if (now.over) break;
        await pause(LOOK_MS, undefined, { signal }).catch(() => undefined);
      }
    } finally {
      await mint.sequencer.release();
    }
    const { state, points } = await mint.epochs.get(epoch);
    if (json) out(JSON.stringify({ ok: state === 'settled', day, state, points }));
  });
}

/** @throws HubError `mint_stopped` */
async function progress(
  { epochs, batches, faults }: MintTools,
  epoch: number,
): Promise<{ text: string; over: boolean }> {
  const one = await epochs.find(epoch);
  const held = await faults.list();
  if (one === undefined)
    return { text: held.map(({ message }) => message).join('\n') || 'not cut yet', over: false };
  const all = await batches.ofEpoch(epoch);
  const stopped = all.find(({ state }) => state === 'stopped');
  if (stopped !== undefined)
    throw new HubError(
      'mint_stopped',
      `${stopped.kind} ${stopped.part} on chain ${stopped.chain} is stopped: ${stopped.reason}. A person looks, then stoa-hub mint resume or cancel`,
      { retry: false },
    );
  const over = one.state === 'settled' || one.state === 'cancelled';
  return { text: [headline(one), countStates(all), ...held.map(({ message }) => message)].join('\n'), over };
}

function countStates(batches: readonly Batch[]): string {
  const counts = new Map<string, number>();
  for (const { state } of batches) counts.set(state, (counts.get(state) ?? 0) + 1);
  return [...counts].map(([state, count]) => `${count} ${state}`).join(', ');
}

function closing(client: ReturnType<typeof connectMintSigner>) {
  return { client, [Symbol.asyncDispose]: () => client.close() };
}

/** `stoa-hub mint resume|cancel DAY`. */
export async function interveneInMint(
  context: CommandContext,
  act: 'resume' | 'cancel',
  { day, reason }: { day: string; reason: string },
): Promise<void> {
  const epoch = epochOf(day);
  const resumed = await withTools(context, async ({ sql, tools }) => {
    const audit = new AuditLog({ sql, clock: systemClock });
    return await sql.begin(async (tx) => {
      const moved = await tools.intervention[act](tx, epoch);
      const detail = { reason, ...(moved !== undefined && moved) };
      await audit.appendIn(tx, { actor: COMMAND_LINE, act: `mint.${act}`, subject: day, detail });
      return moved;
    });
  });
  const told =
    resumed !== undefined
      ? `${resumed.transactions} transactions go on${resumed.left > 0 ? `; ${resumed.left} can't, and stay stopped` : ''}.`
      : 'Nothing more of it is signed. It ends once none of it can be mined; stoa-hub mint status tells.';
  context.out(context.json ? JSON.stringify({ ok: true, ...(resumed !== undefined && resumed) }) : told);
}

/** `stoa-hub mint verify DAY`. @throws HubError `mint_differs` */
export async function verifyMint(
  context: CommandContext,
  day: string,
  options: { registers: boolean },
): Promise<void> {
  const epoch = epochOf(day);
  const chain = requireChain(context);
  const report = await withTools(context, ({ sql, tools }) =>
    createReconciliation(tools, { ...chain, sql }).run(epoch, options),
  );
  const { points, state, contract, batches, registers, differences } = report;
  const ok = differences.length === 0;
  if (context.json) context.out(JSON.stringify({ ok, day, ...report }));
  else {
    context.out(
      `${day} is ${state}${contract === undefined ? '' : ` on ${contract}`}: planned ${points.planned}, on chain ${points.onChain}, redeemed ${points.redeemed} points`,
    );
    context.out(
      `${batches} transactions${registers > 0 ? ` and ${registers} registers` : ''} were held against the chains`,
    );
    for (const { chain: where, message } of differences) context.out(`chain ${where}: ${message}`);
  }
  if (!ok)
    throw new HubError('mint_differs', `chain and ledger differ: ${differences.length} differences`, {
      retry: false,
    });
}

/** `stoa-hub mint approve DAY FILE…`. */
export async function approveMint(
  context: CommandContext,
  day: string,
  files: readonly string[],
): Promise<void> {
  const epoch = epochOf(day);
  const approvals = await Promise.all(files.map(readApproval));
  await withTools(context, async ({ sql, tools }) => {
    await tools.approvals.add(epoch, approvals, systemClock.now());
    const audit = new AuditLog({ sql, clock: systemClock });
    const detail = { approvals: approvals.length };
    await audit.append({ actor: COMMAND_LINE, act: 'mint.approve', subject: day, detail });
  });
  context.out(
    context.json
      ? JSON.stringify({ ok: true, approvals: approvals.length })
      : 'Kept: whoever leads brings them to the signer.',
  );
}

async function readApproval(file: string): Promise<Uint8Array> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new HubError(
      'bad_option',
      `${printable(file)} can't be read: what stoa-signer mint approve wrote is expected`,
      { retry: false, cause },
    );
  });
  try {
    return fromBase64Url(text.trim());
  } catch (cause) {
    throw new HubError(
      'bad_option',
      `${printable(file)} is no approval: what stoa-signer mint approve wrote is expected`,
      { retry: false, cause },
    );
  }
}
