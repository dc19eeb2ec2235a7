import type { HwType } from '@stoa/protocol/stoicism';
import type { Proc } from '#collectors/proc.ts';
import type { CommandError, Commands } from '#work/commands.ts';

const DETECT_MS = 10_000;
const CONTAINERS =
  /^(docker|podman|lxc|lxc-libvirt|systemd-nspawn|openvz|rkt|wsl|proot|pouch|container-other)$/;

/**
 * What the host is, by `systemd-detect-virt`; without it by what the processor says of itself, which knows no containers. It
 * is the machine's own word, as the figures are.
 */
export async function hardwareOf(
  { commands, proc }: { commands: Commands; proc: Proc },
  signal: AbortSignal,
): Promise<HwType> {
  const lines: string[] = [];
  try {
    // It ends with 1 where it finds none.
    await commands.run({
      argv: ['systemd-detect-virt'],
      timeoutMs: DETECT_MS,
      signal,
      onLine: (line, stream) => void (stream === 'stdout' && lines.push(line.trim())),
    });
  } catch (error) {
    if ((error as CommandError).code !== 'command_missing') throw error;
  }
  const found = lines.find((line) => /^[a-z0-9-]+$/.test(line));
  if (found === undefined)
    return /^flags\s*:.*\bhypervisor\b/m.test(proc.read('cpuinfo') ?? '') ? 'vps' : 'bare-metal';
  if (CONTAINERS.test(found)) return 'container';
  return found === 'none' ? 'bare-metal' : 'vps';
}
