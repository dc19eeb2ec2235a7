import { MINT_CHAINS } from '@stoa/protocol/mint';
import { z } from 'zod';
import { systemClock } from '../clock.ts';
import { HubError } from '../error.ts';
import {
  type ContractChange,
  changeCommand,
  type Deployed,
  deployedCode,
  joinSignatures,
  keysetSchema,
  readContract,
  readKeyset,
  readPart,
  readPlace,
  requireDeployed,
  writeCommand,
} from '../mint/contract/index.ts';
import { FINAL_DEPTH, KadenaNode } from '../mint/index.ts';
import type { CommandContext } from './context.ts';

export interface ChangeOptions {
  readonly place: string;
  readonly out: string;
  readonly signer: readonly string[];
  readonly gasPrice: string;
  readonly hours: string;
}

export interface RotateOptions extends ChangeOptions {
  readonly minter?: string;
  readonly gov?: string;
}

export interface NodeOptions {
  readonly node: readonly string[];
}

type Told = Pick<CommandContext, 'out' | 'json'>;

const CHAINS = Array.from({ length: MINT_CHAINS }, (_, chain) => chain);
const HOUR_S = 3_600;
/** Nodes take nothing from before their chain's newest block by much, and nothing from after their clock. */
const BEHIND_S = 30;

export async function deployContract(context: Told, options: ChangeOptions): Promise<void> {
  await draft(context, { kind: 'deploy', module: await readContract() }, options);
}

export async function upgradeContract(context: Told, options: ChangeOptions): Promise<void> {
  await draft(context, { kind: 'upgrade', module: await readContract() }, options);
}

export async function rotateContract(context: Told, options: RotateOptions): Promise<void> {
  const { minter, gov } = options;
  if ((minter === undefined) === (gov === undefined))
    throw bad('--minter or --gov', 'one of the two is expected: each is a transaction of its own');
  if (minter !== undefined) await draft(context, { kind: 'rotate-minter', minter }, options);
  else await draft(context, { kind: 'rotate-gov', gov: await readKeyset(gov!) }, options);
}

async function draft({ out, json }: Told, change: ContractChange, options: ChangeOptions): Promise<void> {
  const place = await readPlace(options.place);
  const hours = numberOf('--hours', options.hours, { least: 1, most: 48 });
  const price = numberOf('--gas-price', options.gasPrice, { least: 1e-12, most: 0.001 });
  // Nodes refuse more than twelve decimals.
  const gasPrice = Number(price.toFixed(12));
  const creationTime = Math.floor(systemClock.now() / 1_000) - BEHIND_S;
  const setting = { signers: options.signer, gasPrice, creationTime, ttl: hours * HOUR_S };
  const files = [];
  for (const chain of CHAINS) {
    const command = changeCommand(change, place, { ...setting, chain });
    const path = await writeCommand(options.out, `${change.kind}-${chain}.json`, command);
    files.push({ chain, path, hash: command.hash });
  }
  const until = new Date((creationTime + setting.ttl) * 1_000).toISOString();
  if (json) return out(JSON.stringify({ kind: change.kind, files, until }));
  for (const { path, hash } of files) out(`${path}  ${hash}`);
  out(`To be signed and sent before ${until}: stoa-hub mint contract send --node URL FILE…`);
}

export async function sendContract(
  { out, json, config }: Told & Pick<CommandContext, 'config'>,
  files: readonly string[],
  options: NodeOptions,
): Promise<void> {
  const parts = await Promise.all(files.map(readPart));
  const commands = [...Map.groupBy(parts, ({ hash }) => hash).values()].map(joinSignatures);
  const nodes = nodesOf(options, config.network);
  // All are verified before the first is sent: a change that reaches some chains only stops the mint there.
  for (const command of commands) {
    const chain = chainOf(command.cmd);
    for (const node of nodes) await node.send(chain, command);
    if (!json) out(`chain ${chain}: ${command.hash}`);
  }
  if (json) out(JSON.stringify({ sent: commands.map(({ cmd, hash }) => ({ chain: chainOf(cmd), hash })) }));
  else out('Nodes have them. Once they are six blocks deep: stoa-hub mint contract verify');
}

export async function verifyContract(
  { out, json, config }: Told & Pick<CommandContext, 'config'>,
  options: NodeOptions & { readonly place: string },
): Promise<void> {
  const place = await readPlace(options.place);
  const code = deployedCode(place.namespace);
  const hashes = [];
  for (const node of nodesOf(options, config.network)) {
    const chains = CHAINS.map(async (chain) =>
      deployedOf(chain, (await node.read(chain, code, FINAL_DEPTH)).data),
    );
    hashes.push(requireDeployed(await Promise.all(chains), place));
  }
  const [hash] = hashes;
  if (new Set(hashes).size > 1)
    throw new HubError(
      'wrong_contract',
      `nodes have the modules ${hashes.join(' and ')}: one of them is on a fork`,
      {
        retry: true,
      },
    );
  out(
    json
      ? JSON.stringify({ hash })
      : `Ten chains have the module ${hash} under the keys of ${options.place}.`,
  );
}

const deployed = z.tuple([z.object({ hash: z.string() }).loose(), keysetSchema, keysetSchema]);

function deployedOf(chain: number, data: unknown): Deployed {
  const found = deployed.safeParse(data);
  if (!found.success)
    throw new HubError(
      'wrong_contract',
      `chain ${chain} has other keysets than this version knows: ${JSON.stringify(data)}`,
      {
        retry: false,
      },
    );
  const [{ hash }, gov, minter] = found.data;
  return { chain, hash, gov, minter };
}

function nodesOf({ node }: NodeOptions, network: string): KadenaNode[] {
  return node.map((text) => {
    if (!URL.canParse(text)) throw bad('--node', `'${text}' is no URL`);
    return new KadenaNode({ url: new URL(text), network });
  });
}

/** Of a command that this program wrote. */
function chainOf(cmd: string): number {
  const { meta } = z.object({ meta: z.object({ chainId: z.string() }) }).parse(JSON.parse(cmd));
  return Number(meta.chainId);
}

function numberOf(option: string, text: string, { least, most }: { least: number; most: number }): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= least && value <= most) return value;
  throw bad(option, `'${text}' is no number from ${least} to ${most}`);
}

function bad(option: string, why: string): HubError {
  return new HubError('bad_option', `${option}: ${why}`, { retry: false });
}
