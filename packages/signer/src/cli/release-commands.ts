import { Command } from 'commander';
import type { CliContext } from '#cli/context.ts';
import { draftCommand } from '#cli/release-draft-command.ts';
import { releaseKeyCommands } from '#cli/release-key-commands.ts';
import { releaseRootCommands } from '#cli/release-root-commands.ts';
import { combineCommand, signCommand, verifyCommand } from '#cli/release-signing-commands.ts';

const CEREMONY = `
A ceremony:   key init (each holder, on their own machine)  ->  root init  ->  sign (each)  ->  combine
A release:    draft  ->  sign (each of two)  ->  combine  ->  stoa-hub release publish
Only drafts, signatures and public keys travel, and nothing in them is secret. docs/releases.md has every ceremony.`;

/** Releases of the agent: who may sign them, and what they sign. Not the region's root: docs/decisions/releases.md. */
export function releaseCommands(context: CliContext): Command {
  return new Command('release')
    .description('releases of the agent: 2 of 3 holders sign what nodes may install')
    .addHelpText('after', CEREMONY)
    .addCommand(releaseKeyCommands(context))
    .addCommand(releaseRootCommands(context))
    .addCommand(draftCommand(context))
    .addCommand(signCommand(context))
    .addCommand(combineCommand(context))
    .addCommand(verifyCommand(context));
}
