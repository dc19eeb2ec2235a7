import type { Command } from 'commander';
import type { AuditExportOptions } from './audit-export.ts';
import type { CommandContext } from './context.ts';

/** `stoa-hub audit …`: the signed export, and its check. */
export function addAuditCommands(root: Command, here: () => CommandContext): void {
  const audit = root.command('audit').description('the audit log');
  audit
    .command('export')
    .description("write the log, signed by this hub's instance key; beside a running hub")
    .option('--out <file>', 'where to write; - is the standard output', 'stoa-audit.jsonl.gz')
    .option('--from <row|day>', 'the first row, by number or by day (UTC)')
    .option('--to <row|day>', 'the last row, by number or by day (UTC), included')
    .action(async (options: AuditExportOptions) =>
      (await import('./audit-export.ts')).auditExport(here(), options),
    );
  audit
    .command('verify')
    .argument('<file>', 'an export; - is the standard input')
    .option('--root <fingerprint>', 'of the root key from which the signature must descend, 64 hex digits')
    .description('check an export: signature, chain, counts, order; needs no hub')
    .action(async (file: string, options: { root?: string }) =>
      (await import('./audit-verify.ts')).auditVerify(here(), file, options),
    );
}
