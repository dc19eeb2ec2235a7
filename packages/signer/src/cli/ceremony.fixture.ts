import { utf8 } from '@stoa/protocol';
import { formatBuild, type ReleaseBuild } from '@stoa/protocol/release';
import { Terminal } from '#cli/terminal.fixture.ts';
import { openKeyFile, type UnlockedKey } from '#keys/key-file.ts';
import { unlockWithKeyFile } from '#keys/unlock.ts';
import { rootName, targetsName } from '#releases/metadata-files.ts';

const UNLOCK = ['--key-file', '/unlock'];
export const ROOTS = '/metadata';

/** A machine of one holder's, which shares nothing with the others but what is carried to it. */
export class HolderMachine extends Terminal {
  readonly name: string;

  constructor(name: string) {
    super(name);
    this.name = name;
  }

  /** @returns `name=HEX` */
  async makeKey(role: 'root' | 'targets'): Promise<string> {
    const key = ['--file', `/${role}.key`, ...UNLOCK];
    const { publicKey } = await this.json('release', 'key', 'init', '--role', role, ...key);
    return `${this.name}=${String(publicKey)}`;
  }

  /** In the hands of whoever has the machine and what opens it: no journal holds that one back. */
  async stolenKey(role: 'root' | 'targets'): Promise<UnlockedKey> {
    const unlock = await unlockWithKeyFile('/unlock', this.disk);
    return openKeyFile({ path: `/${role}.key`, purpose: `release-${role}`, unlock, disk: this.disk });
  }
}

/**
 * Machines of holders and of who combines. What travels is copied by `carry`: drafts, signatures, roots, metadata.
 */
export class Ceremony {
  readonly desk: Terminal = new Terminal();
  readonly #holders = new Map<string, HolderMachine>();
  #targets = 0;
  #roots = 0;

  holder(name: string): HolderMachine {
    const known = this.#holders.get(name) ?? new HolderMachine(name);
    this.#holders.set(name, known);
    return known;
  }

  carry(path: string, from: Terminal, to: Terminal): void {
    to.disk.set(path, from.disk.bytes(path));
  }

  root(version: number): Uint8Array {
    return this.desk.disk.bytes(`${ROOTS}/${rootName(version)}`);
  }

  targets(version: number): Uint8Array {
    return this.desk.disk.bytes(`${ROOTS}/${targetsName(version)}`);
  }

  get roots(): Uint8Array[] {
    return Array.from({ length: this.#roots }, (_, i) => this.root(i + 1));
  }

  /** Alice, Bob and Carol, each with a key for each role. */
  async begin(online: readonly string[] = []): Promise<void> {
    const keys = { root: [] as string[], targets: [] as string[] };
    for (const name of ['alice', 'bob', 'carol']) {
      keys.root.push(await this.holder(name).makeKey('root'));
      keys.targets.push(await this.holder(name).makeKey('targets'));
    }
    const holders = ['--root-holder', ...keys.root, '--targets-holder', ...keys.targets];
    await this.desk.json('release', 'root', 'init', ...holders, ...online, '--out', '/root-1.draft');
    await this.finishRoot(['alice', 'bob']);
  }

  async rotate(by: readonly string[], ...changes: string[]): Promise<void> {
    const out = ['--out', `/root-${this.#roots + 1}.draft`];
    await this.desk.json('release', 'root', 'rotate', '--roots', ROOTS, ...changes, ...out);
    await this.finishRoot(by);
  }

  async finishRoot(by: readonly string[]): Promise<void> {
    const version = this.#roots + 1;
    const draft = `/root-${version}.draft`;
    const signatures: string[] = [];
    for (const name of by) signatures.push(await this.sign(name, draft, 'root'));
    const out = ['--out', `${ROOTS}/${rootName(version)}`];
    const combine = ['release', 'combine', '--draft', draft, '--roots', ROOTS, '--signature', ...signatures];
    await this.desk.json(...combine, ...out);
    this.#roots = version;
  }

  /** What one holder does, on that holder's machine. @returns the signature, carried back. */
  async sign(name: string, draft: string, role: 'root' | 'targets', ...more: string[]): Promise<string> {
    const { machine, args, out } = this.signing(name, draft, role, ...more);
    await machine.json(...args);
    this.carry(out, machine, this.desk);
    return out;
  }

  /** Everything a holder needs is carried to the machine; the command is yet to be run. */
  signing(
    name: string,
    draft: string,
    role: 'root' | 'targets',
    ...more: string[]
  ): { machine: HolderMachine; args: string[]; out: string } {
    const machine = this.holder(name);
    this.carry(draft, this.desk, machine);
    for (const path of this.desk.disk.files.keys())
      if (path.startsWith(`${ROOTS}/`)) this.carry(path, this.desk, machine);
    const out = `${draft}.${name}`;
    const previous =
      role === 'targets' && this.#targets > 0 ? ['--previous', `${ROOTS}/${targetsName(this.#targets)}`] : [];
    const key = ['--file', `/${role}.key`, ...UNLOCK, '--roots', ROOTS];
    const args = ['release', 'sign', '--draft', draft, ...key, ...previous, '--out', out, ...more];
    return { machine, args, out };
  }

  build(version: string, changes: Partial<ReleaseBuild> = {}, to: Terminal = this.desk): string {
    const dir = `/build-${version}`;
    to.disk.set(`${dir}/payload.cjs`, utf8(`exports.version = '${version}';`));
    const files = (['linux-x64', 'linux-arm64'] as const).map((platform) => ({
      kind: 'payload' as const,
      platform,
      file: 'payload.cjs',
    }));
    const build = { version, node: '24.21.0', minLauncher: '1.0.0', files, ...changes };
    to.disk.set(`${dir}/release.json`, utf8(formatBuild(build)));
    return dir;
  }

  /** @returns path of the draft. */
  async draft(version: string | undefined, ...wishes: string[]): Promise<string> {
    const out = `/release-${version ?? 'renewed'}-${this.#targets + 1}.draft`;
    const build = version === undefined ? [] : ['--build', this.build(version)];
    const previous = this.#targets > 0 ? ['--previous', `${ROOTS}/${targetsName(this.#targets)}`] : [];
    await this.desk.json(
      'release',
      'draft',
      '--roots',
      ROOTS,
      ...build,
      ...previous,
      ...wishes,
      '--out',
      out,
    );
    return out;
  }

  /** @returns the version of the signed metadata. */
  async release(version: string | undefined, by: readonly string[], ...wishes: string[]): Promise<number> {
    const draft = await this.draft(version, ...wishes);
    const signatures: string[] = [];
    for (const name of by) signatures.push(await this.sign(name, draft, 'targets'));
    const shown = JSON.parse(new TextDecoder().decode(this.desk.disk.bytes(draft))) as {
      signed: { version: number };
    };
    const number = shown.signed.version;
    const out = ['--out', `${ROOTS}/${targetsName(number)}`];
    const combine = ['release', 'combine', '--draft', draft, '--roots', ROOTS, '--signature', ...signatures];
    await this.desk.json(...combine, ...out);
    this.#targets = number;
    return number;
  }
}
