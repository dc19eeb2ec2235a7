import { AgentError } from '#error.ts';

export interface FileStat {
  kind: 'file' | 'directory' | 'other';
  bytes: number;
  /** Permission bits, 0o000 to 0o777. */
  mode: number;
  uid: number;
  modifiedMs: number;
  /** Of the file system: two paths with the same one share its space. */
  device: number;
}

/** Free figures are what a plain user may still take, without the reserve of root. */
export interface DiskSpace {
  totalBytes: number;
  freeBytes: number;
  /** 0 on file systems that make inodes as they go (btrfs). */
  totalInodes: number;
  freeInodes: number;
}

/**
 * What the agent asks of a file system. Every method rejects with a `DiskError`. Calls that write one path take effect
 * in the order they were made.
 */
export interface Disk {
  /** @throws FileMissingError */
  readFile(path: string): Promise<Uint8Array>;
  /** As much of a file as there is from `offset` on, `length` bytes at most. @throws FileMissingError */
  readRange(path: string, offset: number, length: number): Promise<Uint8Array>;
  /** All or nothing, also through a power cut; once it resolves, the bytes are on the medium. Makes parents (0700). Default mode 0600. */
  writeAtomic(path: string, bytes: Uint8Array | string, mode?: number): Promise<void>;
  /** Once it resolves, the bytes are on the medium. A refusal leaves the file as it was; only a power cut can leave a torn tail. */
  append(path: string, bytes: Uint8Array | string): Promise<void>;
  /** Sorted names without the temporary files of writes in flight; none if the directory is missing. */
  list(directory: string): Promise<string[]>;
  /** A file, or a directory with all it holds. Nothing happens if it is absent. */
  remove(path: string): Promise<void>;
  /** Of the path itself, not of what a link names; undefined if it is absent. */
  stat(path: string): Promise<FileStat | undefined>;
  /** Of the file system that holds `path`. */
  space(path: string): Promise<DiskSpace>;
}

export type DiskErrorCode = 'disk_full' | 'disk_denied' | 'file_missing' | 'disk_fault';

const ADVICE: Record<DiskErrorCode, { retry: boolean; advice: string }> = {
  disk_full: { retry: true, advice: 'no space is left there: free some, nothing was lost' },
  disk_denied: {
    retry: false,
    advice: 'permission is denied: check owner and mode, or choose another --data',
  },
  file_missing: { retry: false, advice: 'it does not exist' },
  disk_fault: { retry: true, advice: 'the file system reported a fault: see the cause and the kernel log' },
};

export class DiskError extends AgentError<DiskErrorCode> {
  override readonly name: string = 'DiskError';
  readonly path: string;

  constructor(code: DiskErrorCode, operation: string, path: string, cause?: unknown) {
    const { retry, advice } = ADVICE[code];
    super(code, `could not ${operation} ${path}: ${advice}`, { retry, cause });
    this.path = path;
  }
}

/** F16: the file is as it was before, and no temporary file stays behind. */
export class DiskFullError extends DiskError {
  override readonly name = 'DiskFullError';

  constructor(operation: string, path: string, cause?: unknown) {
    super('disk_full', operation, path, cause);
  }
}

export class DiskDeniedError extends DiskError {
  override readonly name = 'DiskDeniedError';

  constructor(operation: string, path: string, cause?: unknown) {
    super('disk_denied', operation, path, cause);
  }
}

export class FileMissingError extends DiskError {
  override readonly name = 'FileMissingError';

  constructor(operation: string, path: string, cause?: unknown) {
    super('file_missing', operation, path, cause);
  }
}

export class DiskFaultError extends DiskError {
  override readonly name = 'DiskFaultError';

  constructor(operation: string, path: string, cause?: unknown) {
    super('disk_fault', operation, path, cause);
  }
}

const BY_ERRNO: Record<string, new (operation: string, path: string, cause?: unknown) => DiskError> = {
  ENOSPC: DiskFullError,
  EDQUOT: DiskFullError,
  EFBIG: DiskFullError,
  EACCES: DiskDeniedError,
  EPERM: DiskDeniedError,
  EROFS: DiskDeniedError,
  ENOENT: FileMissingError,
};

/** The class of an error that node:fs gave. */
export function diskError(operation: string, path: string, cause: unknown): DiskError {
  if (cause instanceof DiskError) return cause;
  const errno = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const ErrorClass = BY_ERRNO[errno] ?? DiskFaultError;
  return new ErrorClass(operation, path, cause);
}

/** UTF-8 text of a file, undefined if it is missing. */
export async function readText(disk: Disk, path: string): Promise<string | undefined> {
  try {
    return new TextDecoder().decode(await disk.readFile(path));
  } catch (error) {
    if (error instanceof FileMissingError) return undefined;
    throw error;
  }
}
