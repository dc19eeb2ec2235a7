import { type DestinationStream, type Logger, pino } from 'pino';

export type Log = Logger;

/** JSON lines, made for journald and Loki; written synchronously, so that nothing is lost with the process. */
export function createLog(options: { level: string; destination?: DestinationStream }): Log {
  const settings = {
    level: options.level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: ['token', 'secret', 'password', 'cookie', '*.token', '*.secret', '*.password', '*.cookie'],
  };
  return options.destination === undefined
    ? pino(settings, pino.destination({ dest: 2, sync: true }))
    : pino(settings, options.destination);
}
