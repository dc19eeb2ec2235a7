import { describe, expect, it } from 'vitest';
import { DatabaseError } from './error.ts';
import { parseDatabaseUrl } from './url.ts';

describe('parseDatabaseUrl', () => {
  it.each([
    [
      'postgres://stoa:p%40ss@db.example.org/hub',
      { host: 'db.example.org', port: 5432, user: 'stoa', password: 'p@ss', database: 'hub', ssl: 'prefer' },
    ],
    [
      'postgresql://stoa@[::1]:6000/hub?sslmode=disable',
      { host: '::1', port: 6000, user: 'stoa', password: '', database: 'hub', ssl: false },
    ],
    [
      'postgres://stoa:x@a:5433,b:5434/hub?sslmode=verify-full',
      { host: 'a:5433,b:5434', port: 5433, user: 'stoa', password: 'x', database: 'hub', ssl: 'verify-full' },
    ],
    [
      'postgres://stoa@/hub?host=/var/run/postgresql',
      {
        host: 'localhost',
        port: 5432,
        path: '/var/run/postgresql/.s.PGSQL.5432',
        user: 'stoa',
        password: '',
        database: 'hub',
        ssl: false,
      },
    ],
  ])('reads %s', (url, endpoint) => {
    expect(parseDatabaseUrl(url)).toEqual(endpoint);
  });

  it.each([
    ['mysql://a:secret@b/c', 'no postgres:// URL'],
    ['postgres://a:secret@b:x/c', 'no postgres:// URL'],
    ['postgres://:secret@b/c', 'no user'],
    ['postgres://a:secret%zz@b/c', '%-sequence'],
    ['postgres://a:secret@b', 'no database'],
    ['postgres://a:secret@/c', 'no host'],
    ['postgres://a:secret@b/c?sslmode=allow', "sslmode 'allow'"],
    ['postgres://a:secret@b/c?sslrootcert=ca.pem', "'sslrootcert'"],
  ])('refuses %s, and does not repeat its password', (url, problem) => {
    const parse = () => parseDatabaseUrl(url);
    expect(parse).toThrow(DatabaseError);
    expect(parse).toThrow(problem);
    expect(parse).not.toThrow('secret');
  });
});
