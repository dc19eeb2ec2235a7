import type { Command } from 'commander';
import type { CommandContext } from './context.ts';
import { addMintContractCommands } from './mint-contract-program.ts';

/** `stoa-hub mint …`: the daily mint. */
export function addMintCommands(root: Command, here: () => CommandContext): void {
  const mint = root.command('mint').description('the daily mint of points into the registers of ten chains');
  addMintContractCommands(mint, here);
}
