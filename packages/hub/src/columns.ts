import { customType, timestamp } from 'drizzle-orm/pg-core';

/** 64 hex characters, compared by bytes: the order of JavaScript, of keyset pages and of every machine. */
export const nodeIdColumn = customType<{ data: string }>({ dataType: () => 'text COLLATE "C"' });

/** Text compared by its bytes. */
export const bytewise = customType<{ data: string }>({ dataType: () => 'text COLLATE "C"' });

export const bytea = customType<{ data: Uint8Array; driverData: Uint8Array }>({ dataType: () => 'bytea' });

export const tsvector = customType<{ data: string }>({ dataType: () => 'tsvector' });

/** An instant in milliseconds, as `Date`. */
export const instant = (name: string) => timestamp(name, { withTimezone: true, precision: 3, mode: 'date' });
