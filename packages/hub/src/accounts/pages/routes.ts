import type { HttpFeature, HubApp } from '../../http.ts';
import type { Accounts } from '../accounts.ts';
import { confirmRoutes } from './confirm-routes.tsx';
import { rosterRoutes } from './roster-routes.tsx';
import { securityRoutes } from './security-routes.tsx';
import { signInRoutes } from './sign-in-routes.tsx';
import { signUpRoutes } from './sign-up-routes.tsx';

/** Signing in and up, one's own security, the roster. */
export function accountRoutes(accounts: Accounts): HttpFeature {
  const guard = accounts.requireViewer;
  const parts = [
    signInRoutes(accounts),
    signUpRoutes(accounts),
    confirmRoutes(accounts, guard),
    securityRoutes(accounts, guard),
    rosterRoutes(accounts, guard),
  ];
  return {
    nav: [
      { id: 'settings', path: '/settings/security', word: 'Settings', group: 'scope', place: 90 },
      {
        id: 'accounts',
        path: '/admin/accounts',
        word: 'Accounts',
        group: 'admin',
        place: 20,
        least: 'modern',
      },
    ],
    mount(app: HubApp) {
      for (const part of parts) part.mount(app);
    },
  };
}
