/**
 * Preloaded into a real process: KILL_AT=n kills it with SIGKILL right before its n-th effect on the disk, or before it
 * becomes another program. With EFFECTS_FILE each effect adds a byte to a file of this process image.
 */
const fs = require('node:fs');
const promises = require('node:fs/promises');
const { syncBuiltinESMExports } = require('node:module');

const { KILL_AT, EFFECTS_FILE } = process.env;
const at = KILL_AT ? Number(KILL_AT) : Infinity;
const { openSync, writeSync, closeSync } = fs;
const image = process.hrtime.bigint();
let effects = 0;

function count() {
  const file = openSync(`${EFFECTS_FILE}-${image}`, 'a');
  writeSync(file, '.');
  closeSync(file);
}

function effect() {
  effects += 1;
  if (effects === at) process.kill(process.pid, 'SIGKILL');
  if (EFFECTS_FILE) count();
}

function wrap(owner, name) {
  const real = owner[name];
  owner[name] = function wrapped(...args) {
    effect();
    return real.apply(this, args);
  };
}

for (const name of ['rename', 'link', 'rm', 'mkdir', 'chmod']) wrap(promises, name);
for (const name of ['renameSync', 'appendFileSync', 'writeFileSync', 'rmSync', 'mkdirSync']) wrap(fs, name);
const open = promises.open;
promises.open = async function wrapped(path, flags, ...rest) {
  const writes = typeof flags === 'string' && flags !== 'r';
  if (writes) effect();
  const handle = await open.call(promises, path, flags, ...rest);
  for (const name of ['sync', 'datasync', 'writeFile', 'appendFile', 'chmod', 'truncate']) wrap(handle, name);
  return handle;
};
wrap(process, 'execve');
syncBuiltinESMExports();
