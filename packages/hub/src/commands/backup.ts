import { readFile, stat } from 'node:fs/promises';
import { AuditLog } from '../audit/index.ts';
import { restoreBackup, type SealSecret, writeBackup } from '../backup/index.ts';
import { systemClock } from '../clock.ts';
import { bytes } from '../console/format.ts';
import { HubError } from '../error.ts';
import { createLog } from '../log.ts';
import { saveBackupTime } from '../region-settings.ts';
import { secureRandom } from '../secure-random.ts';
import { besideHub } from './beside.ts';
import { COMMAND_LINE } from './command-line.ts';
import type { CommandContext } from './context.ts';
import { openDatabase } from './database.ts';
import { askSecret } from './prompt.ts';

export interface SecretOptions {
  readonly passphraseFile?: string;
  readonly keyFile?: string;
}

export interface BackupOptions extends SecretOptions {
  readonly force: boolean;
}

/** `stoa-hub backup FILE`: beside a running hub. */
export async function backup(context: CommandContext, file: string, options: BackupOptions): Promise<void> {
  if (!options.force && (await exists(file)))
    throw new HubError('file_exists', `${file} is there already: take another name, or --force`, {
      retry: false,
    });
  const secret = await secretOf(context, options, 'new');
  const { region, instance, dataDir } = context.config;
  const report = await besideHub(context, async ({ sql }) => {
    const audit = new AuditLog({ sql, clock: systemClock });
    await audit.append({ actor: COMMAND_LINE, act: 'backup.create', subject: '', detail: { file } });
    const about = { version: context.version, region, instance };
    const made = { sql, dataDir, about, clock: systemClock, random: secureRandom };
    const done = await writeBackup(made, file, secret);
    await saveBackupTime(sql, systemClock.now());
    return done;
  });
  context.out(
    context.json
      ? JSON.stringify({ ok: true, file, ...report })
      : `Wrote ${file}: ${report.tables} tables, ${report.files} files, ${bytes(report.bytes)}. ` +
          'Keep it on another machine, and what opens it on a third.',
  );
}

/** `stoa-hub restore FILE`: where no hub runs. */
export async function restore(context: CommandContext, file: string, options: BackupOptions): Promise<void> {
  const secret = await secretOf(context, options, 'known');
  const { config } = context;
  const log = createLog({ level: config.logLevel });
  await using database = await openDatabase(config, {
    log,
    onServerExit: (error) => log.fatal({ err: error }, 'the embedded database ended by itself'),
  });
  const { dataDir } = config;
  const report = await restoreBackup(database, { path: file, secret, dataDir, force: options.force });
  const { manifest, tables, files, generation } = report;
  await new AuditLog({ sql: database.sql, clock: systemClock }).append({
    actor: COMMAND_LINE,
    act: 'backup.restore',
    subject: '',
    detail: { madeAt: manifest.madeAt, generation },
  });
  context.out(
    context.json
      ? JSON.stringify({ ok: true, manifest, tables, files, generation })
      : `Restored what ${manifest.instance} of region ${manifest.region} was at ${manifest.madeAt}: ${tables} tables, ` +
          `${files.length} files; restore generation ${generation}. Next: start the signer, then stoa-hub serve.`,
  );
}

/** Of options, or asked for at the terminal. */
export async function secretOf(
  context: CommandContext,
  { passphraseFile, keyFile }: SecretOptions,
  passphrase: 'new' | 'known',
): Promise<SealSecret> {
  if (passphraseFile !== undefined && keyFile !== undefined)
    throw new HubError('bad_option', 'either --passphrase-file or --key-file, not both', { retry: false });
  if (keyFile !== undefined) return { kind: 'key-file', bytes: await readFile(keyFile) };
  if (passphraseFile !== undefined)
    return { kind: 'scrypt', passphrase: (await readFile(passphraseFile, 'utf8')).replace(/\r?\n$/, '') };
  const instead = 'name --passphrase-file or --key-file';
  const typed = await askSecret(context, 'Passphrase of the backup: ', instead);
  if (passphrase === 'new' && typed !== (await askSecret(context, 'Again: ', instead)))
    throw new HubError('bad_option', 'the two passphrases differ: start again', { retry: false });
  return { kind: 'scrypt', passphrase: typed };
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
}
