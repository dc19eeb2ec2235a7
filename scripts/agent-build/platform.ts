import { PLATFORMS, type Platform } from '@stoa/protocol/release';

export const HOST_PLATFORM: string = `linux-${process.arch}`;

/** What a step tells the person in front of it. */
export type Say = (line: string) => void;

export function isPlatform(name: string): name is Platform {
  return (PLATFORMS as readonly string[]).includes(name);
}
