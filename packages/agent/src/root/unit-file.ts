import type { NodeSite } from '#root/node-site.ts';

/** Chainweb closes its database on TERM, which takes minutes on a slow drive. */
export const UNIT_STOP_SECONDS: number = 120;

/** One word of an ExecStart line: systemd expands %, $ and escapes, and nothing else may be in an argument. */
function quoted(word: string): string {
  const escaped = word
    .replace(/[\\"]/g, '\\$&')
    .replaceAll('%', '%%')
    .replaceAll('$', '$$$$')
    .replaceAll('\n', '\\n');
  return `"${escaped}"`;
}

const execStart = ({ program, argv }: NodeSite): string =>
  `ExecStart=${[program, ...argv].map(quoted).join(' ')}`;

/** A whole unit, for a node that had none. */
export function unitText(site: NodeSite, user: string): string {
  return `[Unit]
Description=chainweb-node of StoaChain
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0

[Service]
Type=exec
User=${user}
Group=${user}
${execStart(site)}
Restart=always
RestartSec=10
TimeoutStopSec=${UNIT_STOP_SECONDS}
LimitNOFILE=65536
NoNewPrivileges=yes
ProtectSystem=strict
ReadWritePaths=${[site.database, site.backups].filter((path) => path !== '').join(' ')}
ProtectHome=yes
PrivateTmp=yes

[Install]
WantedBy=multi-user.target
`;
}

/** Another program under a unit that somebody else wrote: it stays as it is but for this. */
export function dropInText(site: NodeSite): string {
  return `[Service]\nExecStart=\n${execStart(site)}\n`;
}
