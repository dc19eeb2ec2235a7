/**
 * Preloaded into a child with a pipe for its standard input: SIGTERM as soon as whoever holds the other end is gone, however
 * that ended, since the kernel closes the pipe then.
 */
process.stdin.once('close', () => process.kill(process.pid, 'SIGTERM'));
process.stdin.resume();
// The child's own work keeps it alive, not this.
if ('unref' in process.stdin && typeof process.stdin.unref === 'function') process.stdin.unref();
