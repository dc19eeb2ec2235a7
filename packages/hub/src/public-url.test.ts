import { describe, expect, it } from 'vitest';
import { ConfigError, loadConfig } from './config.ts';
import { publicUrlShortcomings } from './public-url.ts';

describe('PUBLIC_URL', () => {
  it.each([
    ['https://hub.example', 0],
    ['https://203.0.113.7', 1],
    ['http://hub.example', 2],
    ['http://203.0.113.7:8700', 2],
    ['http://localhost:8700', 0],
    ['http://127.0.0.1:8700', 0],
    ['http://[::1]:8700', 0],
  ])('%s lacks %i things', (url, count) => {
    expect(publicUrlShortcomings(new URL(url))).toHaveLength(count);
  });

  it.each([
    'hub.example',
    'ftp://hub.example',
    'https://hub.example/console',
    'https://hub.example?x',
    'https://a:b@hub.example',
  ])('is never %s', (value) => {
    expect(() => loadConfig({ PUBLIC_URL: value })).toThrow(ConfigError);
  });

  it('is https where the hub ends TLS itself, and the files come in pairs', () => {
    expect(() => loadConfig({ TLS_CERT: 'a.pem' })).toThrow(/TLS_KEY/);
    expect(() => loadConfig({ TLS_CERT: 'a', TLS_KEY: 'b', PUBLIC_URL: 'http://hub.example' })).toThrow(
      /https/,
    );
    expect(loadConfig({ TLS_CERT: 'a', TLS_KEY: 'b', PUBLIC_URL: 'https://hub.example' }).tlsKey).toBe('b');
  });
});
