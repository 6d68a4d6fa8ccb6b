import { homedir } from 'node:os';
import path from 'node:path';
import type { Hub } from '@ar-distill/workflows';

/**
 * Where models are fetched from and kept, as the user's environment says: `HF_ENDPOINT` (default
 * https://huggingface.co), `HF_TOKEN`, and the folder `ar-distill` in `XDG_CACHE_HOME` (default ~/.cache).
 */
export function hubOf(variables: Readonly<Record<string, string | undefined>>): Hub {
  const { HF_ENDPOINT: endpoint, HF_TOKEN: token, XDG_CACHE_HOME: cache } = variables;
  // The standard of these folders has relative ones ignored.
  const folder = cache && path.isAbsolute(cache) ? cache : path.join(homedir(), '.cache');
  return {
    endpoint: endpoint || 'https://huggingface.co',
    ...(token ? { token } : {}),
    cache: path.join(folder, 'ar-distill'),
  };
}
