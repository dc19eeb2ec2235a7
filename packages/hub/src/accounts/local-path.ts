import { withoutScope } from '../console/scope.ts';

const HOME = '/fleet';

/**
 * Where somebody wants to go after signing in; without the scope, which may be another account's. Only where this hub
 * itself answers: anything else would make the sign-in page send people elsewhere.
 */
export function localPath(wanted: string | undefined): string {
  const base = 'http://hub.invalid';
  const url = wanted?.startsWith('/') ? URL.parse(wanted, base) : null;
  if (url?.origin !== base) return HOME;
  const path = withoutScope(url.pathname);
  // A path that begins with two slashes (as `/.//host` becomes) would be read as a host.
  return path.startsWith('//') ? HOME : path + url.search;
}
