import type { ServiceContainer } from '@ar-distill/di';
import { openContext } from '../context';
import type { WorkflowOptions } from '../events';
import { fetchModel } from './fetch-model';
import { type Hub, isHubModel, parseHubModel } from './hub-model';

const NETWORKS = ['teacher', 'tokenizer', 'weights'] as const;
/** Networks by where they lie, some of them perhaps on a hub. */
export type NamedNetworks = Partial<
  Readonly<Record<(typeof NETWORKS)[number], string | boolean | undefined>>
>;

/**
 * A source of a model as it lies on this machine: what `hf:ORG/NAME@REVISION` names is fetched into the
 * hub's cache when it is not there yet, anything else stays as it is.
 * @throws InvalidOptionError when the hub has no such model, or it may not be read; Error when it cannot be
 *   reached, or a file arrives damaged; the signal's reason when it is aborted.
 */
export async function localModel(
  container: ServiceContainer,
  source: string,
  hub: Hub,
  run: WorkflowOptions = {},
): Promise<string> {
  if (!isHubModel(source)) return source;
  return fetchModel(hub, parseHubModel(source), openContext(container, run));
}

/**
 * Options of a workflow with `localModel` in place of the networks that are named in them.
 * @throws as `localModel`, before anything is fetched where a name is wrong.
 */
export async function withLocalModels<T extends NamedNetworks>(
  container: ServiceContainer,
  options: T,
  hub: Hub,
  run: WorkflowOptions = {},
): Promise<T> {
  const named = NETWORKS.flatMap((network) => {
    const source = options[network];
    return typeof source === 'string' && isHubModel(source) ? [[network, source] as const] : [];
  });
  for (const [, source] of named) parseHubModel(source);
  const local: Record<string, string> = {};
  for (const [network, source] of named) {
    local[network] = await localModel(container, source, hub, run);
  }
  return { ...options, ...local };
}
