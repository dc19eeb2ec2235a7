/** First descriptor that systemd passes (sd_listen_fds(3)). */
const FIRST_FD = 3;

/**
 * The listening socket that systemd made, with the owner and mode that its unit gives it: this process never opens one.
 * @throws RangeError where it was not started by its socket.
 */
export function activatedSocket({
  env,
  pid,
}: {
  env: Readonly<Record<string, string | undefined>>;
  pid: number;
}): number {
  if (env['LISTEN_PID'] === String(pid) && env['LISTEN_FDS'] === '1') return FIRST_FD;
  throw new RangeError(
    'stoa-agent-root is started by stoa-agent-root.socket, which hands it one socket: systemctl start stoa-agent-root.socket',
  );
}
