import { href } from './scope.ts';

export interface ErrorFacts {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly fix: string;
  readonly requestId: string;
}

export function errorPage({ status, code, message, fix, requestId }: ErrorFacts) {
  return (
    <section class="notice">
      <p class="notice-status">{status}</p>
      <h1>{message}</h1>
      <p>{fix}</p>
      <dl class="facts">
        <dt>Code</dt>
        <dd>
          <code>{code}</code>
        </dd>
        <dt>Request</dt>
        <dd>
          <code>{requestId}</code>
        </dd>
      </dl>
      <p>
        <a href={href('/fleet')}>Fleet overview</a>
      </p>
    </section>
  );
}
