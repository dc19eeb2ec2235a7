import { type Disk, readText } from '#disk.ts';
import { AgentError } from '#error.ts';

/** Code `json_damaged`: a file of the launcher's holds something else than it wrote. */
export class JsonDamagedError extends AgentError<'json_damaged'> {
  override readonly name = 'JsonDamagedError';

  constructor(path: string, cause?: unknown) {
    super('json_damaged', `${path} is not what was written there`, { retry: false, cause });
  }
}

/** More than a journal with all its lines. */
const MOST_BYTES = 8 * 1024 * 1024;

/**
 * The value of a JSON file that a person may have to read on a node in trouble; undefined where it is absent.
 * @param shape undefined for what it does not know
 * @throws JsonDamagedError, DiskError
 */
export async function readJson<T>(
  disk: Disk,
  path: string,
  shape: (value: unknown) => T | undefined,
): Promise<T | undefined> {
  const stat = await disk.stat(path);
  if (stat !== undefined && (stat.kind !== 'file' || stat.bytes > MOST_BYTES))
    throw new JsonDamagedError(path);
  const text = await readText(disk, path);
  if (text === undefined) return undefined;
  const value = shape(parsed(text, path));
  if (value === undefined) throw new JsonDamagedError(path);
  return value;
}

function parsed(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new JsonDamagedError(path, cause);
  }
}

export function formatJson(value: unknown): string {
  return `${JSON.stringify(value, null, 1)}\n`;
}

export type Fields = Readonly<Record<string, unknown>>;

export function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

/** Undefined unless each entry has the shape and they are no more than `most`. */
export function listOf<T>(
  value: unknown,
  most: number,
  shape: (entry: unknown) => T | undefined,
): T[] | undefined {
  if (!Array.isArray(value) || value.length > most) return undefined;
  const entries = value.map(shape);
  return entries.includes(undefined) ? undefined : (entries as T[]);
}

export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

export function isText(value: unknown, most: number): value is string {
  return typeof value === 'string' && value.length <= most;
}
