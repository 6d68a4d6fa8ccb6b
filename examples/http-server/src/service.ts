import type { AddressInfo } from 'node:net';
import { serve, type ServerType } from '@hono/node-server';
import { type BatcherOptions, ImageBatcher, type ImageGenerator } from 'ar-distill';
import { createApp } from './app';

/** A server that answers. */
export interface Service {
  readonly port: number;
  /** Takes no more connections; ends when everything that was asked for has been answered. */
  stop(): Promise<void>;
}

/** Where a server listens. */
export interface Place {
  /** 0 takes any that is free. */
  readonly port: number;
  readonly hostname: string;
}

/** Serves images of a generator, which belongs to the caller. */
export async function startService(
  generator: ImageGenerator,
  place: Place,
  options: BatcherOptions = {},
): Promise<Service> {
  const batcher = new ImageBatcher(generator, options);
  const { fetch } = createApp(batcher);
  const server = await new Promise<ServerType>((resolve, reject) => {
    const started = serve({ fetch, ...place }, () => resolve(started));
    started.once('error', reject);
  });
  return {
    port: (server.address() as AddressInfo).port,
    stop: async () => {
      const ended = new Promise<void>((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
      });
      await ended;
      await batcher.close();
    },
  };
}
