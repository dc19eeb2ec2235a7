import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ASSET } from '@stoa/agent/layout';
import type { Platform } from '@stoa/protocol/release';
import { BuildError } from './error.ts';
import { sha256Of } from './files.ts';
import { NODE_VERSION, type NodeBase } from './node-base.ts';

import type { SeaOrder } from './sea-child.ts';

const CHILD = fileURLToPath(new URL('sea-child.ts', import.meta.url));
const MAIN = 'launcher.cjs';
const run = promisify(execFile);

/** What is injected, the same on every platform. */
export interface Content {
  readonly launcher: Uint8Array;
  /** The factory's: what runs until a newer one is installed, and when none can. */
  readonly payload: Uint8Array;
  readonly root: Uint8Array;
}

export interface Executable {
  readonly platform: Platform;
  readonly path: string;
  readonly sha256: string;
}

/** Writes `to`/stoa-agent-PLATFORM of each base. From the same bytes it makes the same bytes, wherever it runs. */
export async function makeExecutables(by: {
  bases: readonly NodeBase[];
  /** That this machine can run: of the same version, or the blob has another form than the binary reads. */
  generator: NodeBase;
  content: Content;
  to: string;
}): Promise<Executable[]> {
  await mkdir(by.to, { recursive: true });
  const work = await mkdtemp(join(tmpdir(), 'stoa-sea-'));
  try {
    const { launcher, payload, root } = by.content;
    await writeFile(join(work, MAIN), launcher);
    await writeFile(join(work, ASSET.factory), payload);
    await writeFile(join(work, ASSET.root), root);
    const every = [...new Map([...by.bases, by.generator].map((base) => [base.platform, base])).values()];
    for (const base of every) await seedCache(work, base);
    const outputs = by.bases.map(({ platform }) => ({ platform, path: join(work, 'out', platform) }));
    const assets = [ASSET.factory, ASSET.root];
    const order: SeaOrder = { nodeVersion: NODE_VERSION, outputs, main: MAIN, assets };
    await run(by.generator.binary, [CHILD, JSON.stringify(order)], {
      cwd: work,
      env: { HOME: work, TMPDIR: work, PATH: '/usr/bin:/bin' },
    });
    return await Promise.all(
      outputs.map(async ({ platform, path }) => {
        const placed = join(by.to, `stoa-agent-${platform}`);
        await chmod(path, 0o755);
        await move(path, placed);
        return { platform, path: placed, sha256: await sha256Of(placed) };
      }),
    );
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** @throws BuildError `not_reproducible`: what people verify could not be made again from the same sources. */
export function expectSame(first: readonly Executable[], second: readonly Executable[]): void {
  for (const { platform, sha256 } of first) {
    const again = second.find((one) => one.platform === platform);
    if (again?.sha256 !== sha256)
      throw new BuildError(
        'not_reproducible',
        `two builds of stoa-agent-${platform} from the same inputs differ (${sha256}, ${again?.sha256 ?? 'none'})`,
      );
  }
}

/** As pkg leaves its own downloads, each beside the mark that it is whole: it asks for nothing then. */
async function seedCache(home: string, { platform, binary }: NodeBase): Promise<void> {
  const folder = join(home, '.pkg-cache/sea', `node-v${NODE_VERSION}-${platform}`);
  await mkdir(join(folder, 'bin'), { recursive: true });
  await symlink(binary, join(folder, 'bin/node'));
  for (const mark of [`${folder}.tar.gz`, `${folder}.tar.gz.ok`, join(folder, 'bin/node.ok')])
    await writeFile(mark, '');
}

/** Whole or not at all, also to another file system. */
async function move(from: string, to: string): Promise<void> {
  const beside = `${to}.new`;
  await run('cp', ['--reflink=auto', '--preserve=mode', from, beside]);
  await rm(from);
  await rename(beside, to);
}
