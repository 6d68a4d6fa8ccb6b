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

/** What is registered, as those see it who only take from it. */
export interface ServiceContainer {
  /** What is registered under the token (the last one); throws an `Error` naming it when nothing is. */
  resolve<T>(token: Token<T>): T;
  /** Everything that is registered under the token, in order. */
  resolveAll<T>(token: Token<T>): T[];
}
