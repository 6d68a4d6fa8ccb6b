import { type ImageBatcher, InvalidOptionError, UnavailableError } from 'ar-distill';
import { Hono } from 'hono';

/** Seconds after which a client that was refused may ask again. */
const RETRY_AFTER = '1';

/**
 * `GET /images/:class?seed=…` gives a PNG file; the same class and seed always give the same one. Requests
 * that come together are drawn together.
 */
export function createApp(batcher: ImageBatcher): Hono {
  const app = new Hono();
  app.get('/images/:class', async (c) => {
    const image = await batcher.image({
      class: wholeNumber(c.req.param('class')),
      seed: wholeNumber(c.req.query('seed') ?? '0'),
      // Aborted when the client goes away.
      signal: c.req.raw.signal,
    });
    return c.body(Buffer.from(image.toPng()), 200, {
      'Content-Type': 'image/png',
      'Cache-Control': 'public, max-age=31536000, immutable',
    });
  });
  app.onError((error, c) => {
    if (error instanceof InvalidOptionError) return c.json({ error: error.message }, 400);
    if (error instanceof UnavailableError) {
      return c.json({ error: error.message }, 503, { 'Retry-After': RETRY_AFTER });
    }
    // Nobody reads the answer to a request that was cancelled.
    if (!c.req.raw.signal.aborted) console.error(error);
    return c.json({ error: 'The image cannot be made: see the log of the server.' }, 500);
  });
  return app;
}

/** NaN, which the library refuses with a sentence, for anything but digits. */
function wholeNumber(text: string): number {
  return /^\d+$/.test(text) ? Number(text) : NaN;
}
