import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import type { HostTensors } from '@ar-distill/program';
import { ownedBuffers } from '../host/arrays';
import type { HostMethod, HostResult } from '../host/host';
import { SessionHost } from '../host/session-host';
import type { CallMessage, DisposeMessage, ReplyMessage, WorkerOptions } from './protocol';

/** Serves the sessions of one engine until it is told to dispose of them. */
function serve(port: MessagePort, options: WorkerOptions): void {
  const host = new SessionHost(options);
  const reply = (message: ReplyMessage, transfer: ArrayBuffer[] = []): void =>
    port.postMessage(message, transfer);
  port.on('message', async (message: CallMessage | DisposeMessage) => {
    const { id } = message;
    try {
      if (message.method === 'dispose') {
        await host.dispose();
        reply({ id, result: undefined });
        port.close();
        return;
      }
      const result = await host.call(message.method, message.args);
      reply({ id, result }, holdsArrays(message.method, result) ? ownedBuffers(result) : []);
    } catch (error) {
      reply({ id, error: error instanceof Error ? error.message : String(error) });
    }
  });
}

function holdsArrays(method: HostMethod, result: HostResult<HostMethod>): result is HostTensors {
  return (method === 'run' || method === 'readStore') && typeof result === 'object';
}

if (!parentPort) throw new Error('The session worker has to be started as a worker thread.');
serve(parentPort, workerData as WorkerOptions);
