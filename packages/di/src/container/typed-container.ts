// tsyringe refuses to load without it.
import 'reflect-metadata';
import { container as root, instanceCachingFactory, type DependencyContainer } from 'tsyringe';
import type { ServiceContainer, Token } from './service-container';

/** Registrations by typed token on top of a tsyringe container that is its own, never the global one. */
export class TypedContainer implements ServiceContainer {
  private readonly raw: DependencyContainer = root.createChildContainer();
  private readonly endings: (() => Promise<void>)[] = [];

  /** Registers a value; several under one token are all kept, for `resolveAll`. */
  registerValue<T>(token: Token<T>, value: T): void {
    this.raw.register(token.key, { useValue: value });
  }

  /**
   * Registers something that is made once, when it is first asked for; `end` is run with it when the
   * container is disposed of, if it was made.
   */
  registerLazy<T>(token: Token<T>, create: () => T, end?: (value: T) => Promise<void>): void {
    const useFactory = instanceCachingFactory(() => {
      const value = create();
      if (end) this.endings.unshift(() => end(value));
      return value;
    });
    this.raw.register(token.key, { useFactory });
  }

  resolve<T>(token: Token<T>): T {
    if (!this.raw.isRegistered(token.key)) {
      throw new Error(`Nothing is registered for "${token.name}".`);
    }
    return this.raw.resolve<T>(token.key);
  }

  resolveAll<T>(token: Token<T>): T[] {
    return this.raw.isRegistered(token.key) ? this.raw.resolveAll<T>(token.key) : [];
  }

  /** Stops what was started (the engine's worker), the last one first; the process can exit afterwards. */
  async dispose(): Promise<void> {
    for (const end of this.endings.splice(0)) await end();
  }
}
