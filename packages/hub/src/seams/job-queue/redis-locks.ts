import type { Redis } from 'ioredis';

const KEEP = `if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('pexpire', KEYS[1], ARGV[2]) end return 0`;
const RELEASE = `if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0`;

/** Locks that end by themselves. Each is one key, so that a cluster may hold them. */
export class RedisLocks {
  readonly #redis: Redis;
  readonly #prefix: string;
  readonly #leaseMs: number;

  constructor(redis: Redis, by: { prefix: string; leaseMs: number }) {
    this.#redis = redis;
    this.#prefix = by.prefix;
    this.#leaseMs = by.leaseMs;
  }

  async take(name: string, token: string): Promise<boolean> {
    return (await this.#redis.set(this.#prefix + name, token, 'PX', this.#leaseMs, 'NX')) === 'OK';
  }

  /** @returns false where another holds it now. */
  async keep(name: string, token: string): Promise<boolean> {
    return (await this.#redis.eval(KEEP, 1, this.#prefix + name, token, this.#leaseMs)) === 1;
  }

  async release(name: string, token: string): Promise<void> {
    await this.#redis.eval(RELEASE, 1, this.#prefix + name, token);
  }
}
