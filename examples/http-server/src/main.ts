import { ImageGenerator } from 'ar-distill';
import { startService } from './service';

/** Any source that `fromPretrained` takes. */
const SOURCE = process.env['MODEL'] ?? 'mnist-var';
const PORT = Number(process.env['PORT'] ?? 8080);

async function main(): Promise<void> {
  const generator = await ImageGenerator.fromPretrained(SOURCE);
  // Compiled before the first request comes.
  await generator.generate();
  const service = await startService(generator, { port: PORT, hostname: '127.0.0.1' });
  console.log(`http://127.0.0.1:${service.port}/images/7?seed=1`);
  const stop = async (): Promise<void> => {
    await service.stop();
    await generator.dispose();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop());
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
