import { createHmac } from 'node:crypto';
import type { openAccounts, Visitor } from './visitor.fixture.ts';

export const PASSWORD = 'a stoa has ten columns';
export const OTHER = 'an agora has many more';
export const ANN = 'ann@stoa.example';
export const BOB = 'bob@stoa.example';

export type World = Awaited<ReturnType<typeof openAccounts>>;

/** The first admin comes, as after a first start. */
export async function claim({ accounts, visitor }: World): Promise<Visitor> {
  const admin = visitor();
  await admin.followLink((await accounts.firstLoginLink())!);
  return admin;
}

export const linkIn = (text: string): string => new URL(/https?:\/\/\S+/.exec(text)![0]).pathname;
export const tokenIn = (text: string): string => linkIn(text).split('/').at(-1)!;

export async function signUp(world: World, email: string, visitor = world.visitor()): Promise<Visitor> {
  await visitor.post('/sign-up', { email });
  await world.accounts.idle();
  // From an address of its own: what a test counts is left alone.
  const here = world.address.of;
  world.address.of = '2001:db8::1';
  await visitor.post('/reset', { token: tokenIn(world.mails.at(-1)!.text), password: PASSWORD });
  await signIn(visitor, email);
  world.address.of = here;
  return visitor;
}

export const signIn = (
  visitor: Visitor,
  email: string,
  password: string = PASSWORD,
  next = '',
): Promise<Response> => visitor.post('/sign-in/password', { email, password, next });

/** RFC 6238, as an authenticator app does it. */
export function codeOf(secret: string, at: number = Date.now()): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...secret].map((c) => alphabet.indexOf(c).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(at / 30_000)));
  const hash = createHmac('sha1', key).update(counter).digest();
  const offset = hash[19]! & 15;
  return String((hash.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

/** Not that of the enrolment, which is used. */
export const nextCodeOf = (secret: string): string => codeOf(secret, Date.now() + 30_000);
