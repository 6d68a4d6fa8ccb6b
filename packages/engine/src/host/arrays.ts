import type { HostTensor, HostTensors } from '@ar-distill/program';

/** Copies with buffers of their own, which may be handed to a worker. */
export function copyTensors(values: Readonly<HostTensors>): HostTensors {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, copyTensor(value)]),
  );
}

function copyTensor(value: HostTensor): HostTensor {
  const shape = [...value.shape];
  // The constructors (not slice) also leave a shared buffer behind.
  return value.dtype === 'float32'
    ? { shape, dtype: 'float32', data: new Float32Array(value.data) }
    : { shape, dtype: 'int32', data: new Int32Array(value.data) };
}

/** The buffers of the arrays that own the whole of theirs, for a transfer without a copy. */
export function ownedBuffers(values: Readonly<HostTensors>): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const { data } of Object.values(values)) {
    const { buffer } = data;
    if (buffer instanceof ArrayBuffer && buffer.byteLength === data.byteLength) buffers.add(buffer);
  }
  return [...buffers];
}

/** The bytes in shared memory: themselves when they are there already. */
export function sharedBytes(bytes: Uint8Array): Uint8Array {
  if (bytes.buffer instanceof SharedArrayBuffer) return bytes;
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.byteLength));
  shared.set(bytes);
  return shared;
}
