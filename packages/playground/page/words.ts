const MEBIBYTE = 2 ** 20;

/** How much of a download is here. */
export function bytesLoaded(loaded: number, total: number): string {
  return `Loading ${(loaded / MEBIBYTE).toFixed(1)} of ${(total / MEBIBYTE).toFixed(1)} MiB`;
}
