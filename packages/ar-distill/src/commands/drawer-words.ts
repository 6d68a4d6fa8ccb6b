import type { DrawerOptions } from '../config/schemas';
import { optionWords } from './command-line';

/** The words that name what draws to another command. */
export function drawerWords({
  preset,
  run,
  weights,
  teacher,
  tokenizer,
  guidance,
  topK,
  topP,
}: DrawerOptions): string[] {
  return optionWords({ preset, run, weights, teacher, tokenizer, guidance, topK, topP });
}
