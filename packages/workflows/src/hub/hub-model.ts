import { InvalidOptionError } from '../errors';

/** The hub that models come from, and where they are kept. */
export interface Hub {
  /** Address of a server that speaks as https://huggingface.co does. */
  readonly endpoint: string;
  /** Token of the user, for models that are private or gated. */
  readonly token?: string | undefined;
  /** Folder that fetched models are kept in; it need not be there. */
  readonly cache: string;
}

/** A model on a hub. */
export interface HubModel {
  /** `ORG/NAME`. */
  readonly name: string;
  /** Branch, tag or commit. */
  readonly revision: string;
}

/** What names a model on a hub, in place of a path. */
const PREFIX = 'hf:';
/** Names as the hub allows them; none can lead out of a folder. */
const SOURCE = /^hf:((?!\.)[\w.-]{1,96}\/(?!\.)[\w.-]{1,96})(?:@((?!\.)[\w./-]{1,200}))?$/;

/** Whether `source` names a model on a hub, well or badly. */
export function isHubModel(source: string): boolean {
  return source.startsWith(PREFIX);
}

/**
 * The model that `hf:ORG/NAME` (at `main`) or `hf:ORG/NAME@REVISION` names.
 * @throws InvalidOptionError when it names none.
 */
export function parseHubModel(source: string): HubModel {
  const [, name, revision = 'main'] = SOURCE.exec(source) ?? [];
  if (name === undefined || source.includes('..')) {
    throw new InvalidOptionError(
      `"${source}" names no model of a hub: write hf:ORG/NAME, or hf:ORG/NAME@REVISION.`,
    );
  }
  return { name, revision };
}

/**
 * The hub with its address as other code can take it, without a slash at its end.
 * @throws InvalidOptionError when it is no address of a web server.
 */
export function checkedHub(hub: Hub): Hub {
  if (!URL.canParse(hub.endpoint) || !/^https?:$/.test(new URL(hub.endpoint).protocol)) {
    throw new InvalidOptionError(
      `The hub "${hub.endpoint}" is no address of a web server: set HF_ENDPOINT to one like https://huggingface.co, or unset it.`,
    );
  }
  return { ...hub, endpoint: hub.endpoint.replace(/\/+$/, '') };
}
