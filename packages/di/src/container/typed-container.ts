// tsyringe refuses to load without it.
import 'reflect-metadata';
import { container as root, instanceCachingFactory, type DependencyContainer } from 'tsyringe';

/** Key of a registration that knows the type of what is registered. */
export interface Token<T> {
  /** Shown in errors. */
  readonly name: string;
  readonly key: symbol;
  /** Never set: ties the token to its type. */
  readonly valueType?: (value: T) => T;
}

/** A token; every call makes a different one. */
export function createToken<T>(name: string): Token<T> {
  return { name, key: Symbol(name) };
}

/** Registrations by typed token on top of a tsyringe container that is its own, never the global one. */
export class TypedContainer {
  /** The container behind it, for what has no token here. */
  readonly raw: DependencyContainer = root.createChildContainer();

  /** Registers a value; several under one token are all kept, for `resolveAll`. */
  registerValue<T>(token: Token<T>, value: T): void {
    this.raw.register(token.key, { useValue: value });
  }

  /** Registers something that is made once, when it is first asked for. */
  registerLazy<T>(token: Token<T>, create: () => T): void {
    const useFactory = instanceCachingFactory(create);
    this.raw.register(token.key, { useFactory });
  }

  /** What is registered under the token (the last one); throws an `Error` naming it when nothing is. */
  resolve<T>(token: Token<T>): T {
    if (!this.raw.isRegistered(token.key)) {
      throw new Error(`Nothing is registered for "${token.name}".`);
    }
    return this.raw.resolve<T>(token.key);
  }

  /** Everything that is registered under the token, in order. */
  resolveAll<T>(token: Token<T>): T[] {
    return this.raw.isRegistered(token.key) ? this.raw.resolveAll<T>(token.key) : [];
  }
}
