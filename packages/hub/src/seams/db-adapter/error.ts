import { HubError } from '#error.ts';

const RETRY = {
  data_directory_in_use: false,
  data_directory_unusable: false,
  database_start_failed: false,
  database_stopped: false,
  database_url_invalid: false,
  database_version_unsupported: false,
  database_unavailable: true,
} as const satisfies Record<string, boolean>;

export type DatabaseErrorCode = keyof typeof RETRY;

/** The database can't be opened or reached. */
export class DatabaseError extends HubError<DatabaseErrorCode> {
  override readonly name: string = 'DatabaseError';

  constructor(code: DatabaseErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, { ...options, retry: RETRY[code] });
  }
}

/** Another hub (or its server) holds the data directory: two servers on one cluster would destroy it. */
export class DataDirectoryInUseError extends DatabaseError {
  override readonly name = 'DataDirectoryInUseError';
  readonly path: string;

  constructor(path: string, holder: string, options?: ErrorOptions) {
    super(
      'data_directory_in_use',
      `The data directory ${path} is in use by ${holder}: stop that hub first, or give this one a data directory of its own.`,
      options,
    );
    this.path = path;
  }
}
