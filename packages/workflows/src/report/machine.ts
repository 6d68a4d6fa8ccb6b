import { availableParallelism, cpus, freemem, totalmem } from 'node:os';

/** What the machine and the Node that runs us offer. */
export interface Machine {
  /** Version without the v. */
  readonly node: string;
  readonly platform: string;
  readonly processor: string;
  /** Logical processors that this process may use. */
  readonly threads: number;
  /** Bytes, as limited by the container that we run in, if any. */
  readonly totalMemory: number;
  readonly freeMemory: number;
}

/** The machine that this process runs on. */
export function thisMachine(): Machine {
  const total = totalmem();
  // 0 or a huge number when nothing limits the process.
  const limit = process.constrainedMemory();
  return {
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    processor: cpus()[0]?.model.trim() || 'unknown processor',
    threads: availableParallelism(),
    totalMemory: limit > 0 ? Math.min(limit, total) : total,
    freeMemory: limit > 0 ? Math.min(limit, freemem()) : freemem(),
  };
}

/** The machine and the software that this process runs on, in a line. */
export function machineText(
  version: string,
  { node, platform, processor }: Pick<Machine, 'node' | 'platform' | 'processor'> = thisMachine(),
): string {
  return `AR-Distill ${version}, Node ${node}, ${platform}, ${processor}`;
}
