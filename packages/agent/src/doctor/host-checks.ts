import { dirname, join } from 'node:path';
import { promisedByOthers } from '#collectors/drive-commitments.ts';
import { type Check, type Finding, fail, ok, type Patient, skip, warn } from '#doctor/check.ts';
import { describeError } from '#error.ts';
import { askStatus } from '#status/status-client.ts';
import { readPolicy } from '#work/policy-file.ts';

const MB = 1e6;
const TIGHT_BYTES = 1000 * MB;
const FULL_BYTES = 100 * MB;
const TIGHT_INODES = 10_000;
const FULL_INODES = 500;
const FEW_FILES = 1024;
const TOO_FEW_FILES = 256;

export const HOST_CHECKS: readonly Check[] = [
  { id: 'agent', title: 'The running agent', run: checkAgent },
  { id: 'identity', title: 'Identity of this node', run: async (patient) => checkIdentity(patient) },
  { id: 'data-dir', title: 'Data directory', run: checkDataDir },
  { id: 'key-permissions', title: 'Permissions of the key files', run: checkKeys },
  { id: 'disk-space', title: 'Space for the agent’s own files', run: checkSpace },
  { id: 'commitment', title: 'Disk space promised to the network', run: checkCommitment },
  { id: 'policy', title: 'Local policy', run: checkPolicy },
  { id: 'open-files', title: 'Limit of open files', run: async (patient) => checkOpenFiles(patient) },
];

async function checkAgent({ config, clock }: Patient, signal: AbortSignal): Promise<Finding> {
  try {
    const { pid, version } = await askStatus({ path: config.statusSocket, clock, signal }, 'status');
    return ok(`version ${String(version)} runs as pid ${String(pid)}`);
  } catch (error) {
    return warn(describeError(error).message, 'Start it: systemctl start stoa-agent, or stoa-agent run');
  }
}

function checkIdentity({ identity, identityFault }: Patient): Finding {
  if (identityFault)
    return fail(
      identityFault.message,
      'Restore the data directory from a backup, or enrol anew: enroll --force',
    );
  if (identity === undefined) return skip('not enrolled yet: make a join token in the console');
  const { label, nodeId, region, owner } = identity;
  return ok(`${label} (${nodeId.slice(0, 16)}…) of ${owner} in ${region}`);
}

async function checkDataDir({ config, disk, uid }: Patient): Promise<Finding> {
  const { dataDir } = config;
  const stat = await disk.stat(dataDir);
  if (stat === undefined) return skip(`${dataDir} does not exist yet: enroll makes it`);
  if (stat.kind !== 'directory') return fail(`${dataDir} is no directory`, 'Name another with --data');
  if (stat.uid !== uid)
    return fail(
      `${dataDir} belongs to user ${stat.uid}, this runs as ${uid}`,
      'Run this as the agent’s user, or as root',
    );
  if (stat.mode & 0o022)
    return fail(`others may write to ${dataDir} (${octal(stat.mode)})`, `chmod 700 ${dataDir}`);
  const trial = join(dataDir, 'doctor-trial');
  try {
    await disk.writeAtomic(trial, 'trial');
    await disk.remove(trial);
  } catch (error) {
    return fail(
      describeError(error).message,
      'Free space, or make the directory writable for the agent’s user',
    );
  }
  return ok(`${dataDir} is writable, and for its owner alone to write`);
}

async function checkKeys({ identity, disk, uid }: Patient): Promise<Finding> {
  if (identity === undefined) return skip('no key is known');
  const open: string[] = [];
  let seen = 0;
  for (const path of identity.keyFiles) {
    const stat = await disk.stat(path);
    if (stat === undefined) continue;
    seen += 1;
    if (stat.mode & 0o077 || stat.uid !== uid) open.push(`${path} (${octal(stat.mode)}, user ${stat.uid})`);
  }
  if (open.length === 0) return ok(`${seen} files are for their owner alone`);
  const paths = open.map((text) => text.split(' ')[0]).join(' ');
  return fail(
    `others can read: ${open.join(', ')}`,
    `chmod 600 ${paths}; if somebody may have read them, stoa-agent rotate-key`,
  );
}

/** Of the directory, or of the nearest one above it that exists. */
async function spaceOf({ disk }: Patient, path: string) {
  let at = path;
  while ((await disk.stat(at)) === undefined && dirname(at) !== at) at = dirname(at);
  return disk.space(at);
}

async function checkSpace(patient: Patient): Promise<Finding> {
  const { dataDir } = patient.config;
  const { freeBytes, freeInodes, totalInodes } = await spaceOf(patient, dataDir);
  const why = `${Math.round(freeBytes / MB)} MB and ${totalInodes > 0 ? freeInodes : 'any number of'} inodes free for ${dataDir}`;
  const fix = `Free space on the file system of ${dataDir}, or move it with --data`;
  const lacks = (bytes: number, inodes: number): boolean =>
    freeBytes < bytes || (totalInodes > 0 && freeInodes < inodes);
  if (lacks(FULL_BYTES, FULL_INODES)) return fail(why, fix);
  return lacks(TIGHT_BYTES, TIGHT_INODES) ? warn(why, fix) : ok(why);
}

async function checkCommitment(patient: Patient): Promise<Finding> {
  const { committedGb, committedPath } = patient.config;
  const othersGb = (await promisedByOthers(patient.disk, patient.config)) / 1e9;
  if (committedGb === 0) return skip('no space is promised: set --committed-gb and --committed-path');
  const { freeBytes } = await spaceOf(patient, committedPath);
  const required = (committedGb + othersGb) * 1e9 * 1.05;
  const others = othersGb > 0 ? ` and the ${othersGb} GB of this host’s other nodes on that drive` : '';
  const why = `${(freeBytes / 1e9).toFixed(1)} GB free on ${committedPath}, ${(required / 1e9).toFixed(1)} GB are needed for the promised ${committedGb} GB${others}`;
  return freeBytes >= required
    ? ok(why)
    : fail(why, 'Free space there, or promise less with --committed-gb: nothing is earned until then');
}

/** The privileged unit takes a policy of root's alone: one that others may write says nothing to it. */
async function checkPolicy({ config, disk }: Patient): Promise<Finding> {
  const { policyFile } = config;
  const stat = await disk.stat(policyFile);
  if (stat === undefined) return ok(`${policyFile} does not exist: nothing is denied`);
  const { fault, policy } = await readPolicy(disk, policyFile);
  if (policy === undefined)
    return fail(`nothing is allowed: ${fault}`, 'Correct it: stoa-agent policy edit, as root');
  if (stat.uid !== 0 || stat.mode & 0o022)
    return fail(
      `${policyFile} can be written by others than root (${octal(stat.mode)}, user ${stat.uid})`,
      `chown root: ${policyFile} && chmod 644 ${policyFile}`,
    );
  const { allow, deny, admins } = policy;
  return ok(`${allow.length} allow, ${deny.length} deny and ${admins.length} admin lines`);
}

function checkOpenFiles({ proc }: Patient): Finding {
  const soft = /^Max open files\s+(\S+)/m.exec(proc.read('self/limits') ?? '')?.[1];
  if (soft === undefined) return skip('the limit can’t be read');
  const why = `${soft} files may be open`;
  const fix = 'Raise it: LimitNOFILE=65536 in the unit, or ulimit -n 65536';
  const limit = soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
  if (limit < TOO_FEW_FILES) return fail(why, fix);
  return limit < FEW_FILES ? warn(why, fix) : ok(why);
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}
