import type { ProgressReporter } from '@ar-distill/core';

const MEBIBYTE = 2 ** 20;

/** Shows how many of `total` bytes are done, in whole MiB. */
export function byteProgress(
  progress: ProgressReporter,
  what: string,
  total: number,
): (bytes: number) => void {
  const size = Math.ceil(total / MEBIBYTE);
  let shown = 0;
  return (bytes) => {
    const done = bytes === total ? size : Math.floor(bytes / MEBIBYTE);
    if (done === shown) return;
    shown = done;
    progress.update({ stage: `${what} (MiB)`, done, total: size, metrics: {} });
  };
}
