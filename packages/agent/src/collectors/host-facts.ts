import { openProc, type Proc } from '#collectors/proc.ts';

/** What does not change while the machine runs. */
export interface HostFacts {
  readonly hostname: string;
  /** Such as `Debian GNU/Linux 12 (bookworm)`; '' where there is no os-release. */
  readonly distribution: string;
  readonly kernel: string;
  readonly architecture: string;
  readonly cpuModel: string;
  /** Changes at each boot of the machine. */
  readonly bootId: string;
}

/** Root of a file tree that holds /etc and /usr/lib; procfs apart, since containers see that of their host. */
export function readHostFacts(proc: Proc, root = '/'): HostFacts {
  const files = openProc(root);
  const osRelease = files.read('etc/os-release') ?? files.read('usr/lib/os-release') ?? '';
  const value = (path: string): string => proc.read(path)?.trim() ?? '';
  return {
    hostname: value('sys/kernel/hostname'),
    distribution: /^PRETTY_NAME=(["']?)(.*)\1$/m.exec(osRelease)?.[2] ?? '',
    kernel: value('sys/kernel/osrelease'),
    architecture: process.arch,
    cpuModel: /^(?:model name|Model)\s*:\s*(.+)$/m.exec(proc.read('cpuinfo') ?? '')?.[1] ?? '',
    bootId: value('sys/kernel/random/boot_id'),
  };
}
