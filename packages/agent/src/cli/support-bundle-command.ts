import { resolve } from 'node:path';
import { type CommandRun, printJson } from '#cli/command.ts';
import { EXIT } from '#cli/exit-code.ts';
import { collectBundle } from '#cli/support-bundle.ts';

export const supportBundle: CommandRun = async ({ agent, deps, clock, io, json }, { options }) => {
  const context = await agent();
  const bundle = await collectBundle(context, deps);
  const name = `stoa-support-${new Date(clock.now()).toISOString().replace(/\D/g, '').slice(0, 14)}.json`;
  const path = resolve(typeof options['output'] === 'string' ? options['output'] : name);
  await context.disk.writeAtomic(path, `${JSON.stringify(bundle, undefined, 2)}\n`);
  const sections = Object.entries(bundle).map(([section, value]) => ({
    section,
    bytes: Buffer.byteLength(JSON.stringify(value)),
  }));
  if (json) printJson(io, { ok: true, path, sections });
  else {
    const rows = sections.map(
      (each) => `  ${each.section.padEnd(12)}${String(each.bytes).padStart(8)} bytes\n`,
    );
    io.out(
      `Wrote ${path} with\n${rows.join('')}Keys, tokens and passwords are cut out. Host names, addresses and paths are in it: read it before you send it.\n`,
    );
  }
  return EXIT.ok;
};
