import { platform } from 'node:process';

/** Number of the setting in glibc's malloc.h. */
const M_MMAP_THRESHOLD = -3;
/** Bytes from which an array has pages of its own: gradients, moments and activations of large models. */
const LARGE_ARRAY = 4 * 2 ** 20;
/** Whoever set one of these has chosen how malloc works. */
const CHOICES = ['MALLOC_MMAP_THRESHOLD_', 'GLIBC_TUNABLES'];

let isArranged = false;

/**
 * Makes glibc give arrays of more than 4 MiB back to the system as soon as they are freed, in this whole
 * process, and gives back what it has kept. Left to itself it raises that limit to 32 MiB, and the holes
 * of a fragmented heap grow to several GiB from stage to stage. Does nothing on systems without glibc,
 * or when the environment says how malloc is to work (mallopt(3)).
 *
 * @returns whether glibc was told, now or before.
 */
export async function returnFreedMemory(
  environment: NodeJS.ProcessEnv = process.env,
): Promise<boolean> {
  if (isArranged) return true;
  if (platform !== 'linux' || CHOICES.some((name) => environment[name])) return false;
  try {
    const { load } = await import('koffi');
    const libc = load('libc.so.6');
    const mallopt: (setting: number, value: number) => number = libc.func('int mallopt(int, int)');
    const trim: (kept: number) => number = libc.func('int malloc_trim(size_t)');
    isArranged = mallopt(M_MMAP_THRESHOLD, LARGE_ARRAY) === 1;
    trim(0);
  } catch {
    // Another C library, or no build of koffi for this machine: more memory, the same results.
  }
  return isArranged;
}
