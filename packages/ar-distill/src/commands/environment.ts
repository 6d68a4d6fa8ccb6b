import type { ApplicationContainer, ContainerOptions } from '@ar-distill/di';
import type { Recipes } from '@ar-distill/workflows';

/** Where text goes. */
export interface TextOutput {
  write(text: string): unknown;
}

/** Everything that the commands take from outside, so that they can be tested. */
export interface CliEnvironment {
  readonly cwd: string;
  /** Environment variables. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Results. */
  readonly stdout: TextOutput;
  /** Errors and warnings. */
  readonly stderr: TextOutput;
  readonly recipes: Recipes;
  createContainer(options: ContainerOptions): ApplicationContainer;
}
