import { MessageChannel, type MessagePort } from 'node:worker_threads';

let sink: MessagePort | undefined;

/**
 * Frees the memory of an array now instead of at some later garbage collection, which is late when
 * most memory is outside of JavaScript's heap. Nobody may read the array afterwards: it is empty.
 */
export function releaseBuffer({ buffer }: Float32Array | Int32Array): void {
  if (!(buffer instanceof ArrayBuffer) || buffer.byteLength === 0) return;
  // What is moved to a closed port belongs to nobody.
  if (!sink) {
    const { port1, port2 } = new MessageChannel();
    port1.close();
    port2.close();
    sink = port1;
  }
  sink.postMessage(undefined, [buffer]);
}
