import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Platform } from '@stoa/protocol/release';
import { type AgentBundles, agentBundles } from './bundles.ts';
import { componentsOf } from './components.ts';
import { type Content, type Executable, expectSame, makeExecutables } from './executables.ts';
import { NODE_VERSION, type NodeBase, nodeBase } from './node-base.ts';
import { licencesText, sbom } from './papers.ts';
import { HOST_PLATFORM, isPlatform, type Say } from './platform.ts';

/** All that the binaries of one version are made of. */
export interface AgentInputs {
  readonly bundles: AgentBundles;
  readonly content: Content;
  readonly bases: readonly NodeBase[];
  readonly generator: NodeBase;
}

export interface Papers {
  /** CycloneDX, JSON. */
  readonly sbom: string;
  readonly licences: string;
}

/** @param by.root File of the root whose releases the binary takes. @throws BuildError */
export async function gatherInputs(by: {
  platforms: readonly Platform[];
  root: string;
  version?: string;
  /** For development: what a machine lacks to make it small is done without. */
  lenient?: boolean;
  say: Say;
}): Promise<AgentInputs> {
  if (!isPlatform(HOST_PLATFORM))
    throw new Error(`binaries are built on linux-x64 or linux-arm64, this is ${HOST_PLATFORM}`);
  const { say, lenient = false } = by;
  say(`bundle launcher and payload, Node ${NODE_VERSION}`);
  const [bundles, root, generator] = await Promise.all([
    agentBundles(by.version),
    readFile(by.root),
    nodeBase(HOST_PLATFORM, { say, lenient }),
  ]);
  const bases = await Promise.all(by.platforms.map((platform) => nodeBase(platform, { say, lenient })));
  const { launcher, payload } = bundles;
  return { bundles, bases, generator, content: { launcher: launcher.bytes, payload: payload.bytes, root } };
}

export function buildExecutables(inputs: AgentInputs, to: string): Promise<Executable[]> {
  const { bases, generator, content } = inputs;
  return makeExecutables({ bases, generator, content, to });
}

/** @throws BuildError `not_reproducible` where the same inputs make other bytes than these. */
export async function expectReproduced(inputs: AgentInputs, made: readonly Executable[]): Promise<void> {
  const again = await mkdtemp(join(tmpdir(), 'stoa-again-'));
  try {
    expectSame(made, await buildExecutables(inputs, again));
  } finally {
    await rm(again, { recursive: true, force: true });
  }
}

export async function papersOf(inputs: AgentInputs, executables: readonly Executable[]): Promise<Papers> {
  const { bundles, bases, generator } = inputs;
  const components = await componentsOf(bundles, bases, generator);
  return {
    sbom: sbom({ version: bundles.version, components, executables, strippedBy: generator.strippedBy }),
    licences: licencesText(components),
  };
}
