import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import {
  findDamage,
  isCurrent,
  readBuild,
  type TensorflowBuild,
  writeBuildRecord,
} from './build-record';
import { compileBinding, findCompiler, ownNodeHeaders } from './compiler';
import { checkTensorflowWheel, copyCuda, copyTensorflow, cudaRequirements } from './libraries';
import { explainFault } from './faults';
import { fetchNpmPackage } from './npm-package';
import { openWheel } from './open-wheel';
import { downloadWheels } from './pip';
import { buildFolder, LAYOUT, tensorflowFolder } from './places';
import { checkPlatform, thisPlatform } from './platform';
import { TENSORFLOW_SOURCES, type TensorflowSources, type TensorflowVariant } from './sources';
import { checkRoom, makeStaging, moveIntoPlace } from './staging';
import { TFJS_FORWARDERS } from './tfjs-forwarder';
import { tryBinding } from './trial';
import type { Wheel } from './wheel';

/** How TensorFlow is built for the backend `tensorflow`. */
export interface InstallTensorflowOptions {
  readonly variant: TensorflowVariant;
  /**
   * A wheel of TensorFlow, or a folder with wheels or with unpacked distributions; default: pip
   * downloads what is needed.
   */
  readonly from?: string;
  /** Folder for the builds; default: where the backend looks for them. */
  readonly folder?: string;
  /** Stops the work; nothing of it stays. */
  readonly signal?: AbortSignal;
  /** Hears what is being done, in a few words. */
  readonly onProgress?: (activity: string) => void;
}

/** What was built, or found. */
export interface InstalledTensorflow {
  /** Folder of the build. */
  readonly folder: string;
  readonly variant: TensorflowVariant;
  /** Version of TensorFlow. */
  readonly version: string;
  /** False when a whole build was there already. */
  readonly isNew: boolean;
}

/**
 * Builds the binding of `@tensorflow/tfjs-node` (or `-node-gpu`) against the libraries of TensorFlow's
 * wheel, into a folder of the user's. A build takes its place when it is whole and has been loaded once.
 *
 * @throws Error when this machine lacks something, or when what was downloaded or named is not right.
 * @throws the signal's reason when it is aborted.
 */
export async function installTensorflow(
  options: InstallTensorflowOptions,
  sources: TensorflowSources = TENSORFLOW_SOURCES[options.variant],
): Promise<InstalledTensorflow> {
  const { variant, folder: root = tensorflowFolder(), signal } = options;
  checkPlatform(thisPlatform());
  const there = readBuild(root, variant);
  if (there && isCurrent(there, sources) && (await findDamage(there, signal)) === undefined) {
    return installed(there, false);
  }
  // Before anything is fetched.
  if (options.from !== undefined) await checkGiven(options.from, sources, signal);
  try {
    const compiler = await findCompiler(process.env, signal);
    const staging = await makeStaging(root);
    try {
      await checkRoom(staging, sources.room);
      await new Builder(staging, sources, compiler, options).build();
      await moveIntoPlace(staging, buildFolder(root, variant));
    } finally {
      await rm(staging, { recursive: true, force: true });
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw explainFault(error, root);
  }
  const build = readBuild(root, variant);
  if (!build) throw new Error(`The build in ${root} was removed while it was made: make it again.`);
  return installed(build, true);
}

/** @throws Error when the place has no wheel of this TensorFlow. */
async function checkGiven(
  place: string,
  sources: TensorflowSources,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { tensorflow, wheels } = sources;
  const wheel = await openWheel(place, tensorflow, wheels, signal);
  try {
    checkTensorflowWheel(wheel, sources);
  } finally {
    wheel.close();
  }
}

/** Makes a build in a folder. */
class Builder {
  /** Folder of the binding's package. */
  private readonly package: string;
  /** For what is not part of the build. */
  private readonly scratch: string;
  private readonly signal: AbortSignal | undefined;

  constructor(
    private readonly folder: string,
    private readonly sources: TensorflowSources,
    private readonly compiler: string,
    private readonly options: InstallTensorflowOptions,
  ) {
    this.package = join(folder, LAYOUT.modules, sources.binding.name);
    this.scratch = join(folder, 'scratch');
    this.signal = options.signal;
  }

  async build(): Promise<void> {
    const { tensorflow, binding } = this.sources;
    await mkdir(this.scratch);
    // Small things first: what is missing shows before hundreds of megabytes have come.
    this.say(`fetching ${binding.name} ${binding.version} with npm`);
    await this.fetchScripts();
    await this.copyLibraries();
    this.say(`compiling the binding with ${this.compiler}`);
    const addon = await this.compile();
    await tryBinding(addon, tensorflow.version, this.signal);
    await rm(this.scratch, { recursive: true });
    await writeBuildRecord(this.folder, this.sources, this.signal);
  }

  private async copyLibraries(): Promise<void> {
    const { from } = this.options;
    const { cuda, wheels } = this.sources;
    const { distribution, version } = this.sources.tensorflow;
    const place = from ?? join(this.scratch, 'wheels');
    if (from === undefined) {
      await mkdir(place);
      this.say(`downloading ${distribution} ${version} with pip`);
      const requirement = { distribution, versions: `==${version}` };
      await downloadWheels([requirement], place, this.signal);
    }
    const wheel = await openWheel(place, { distribution, version }, wheels, this.signal);
    try {
      checkTensorflowWheel(wheel, this.sources);
      this.say(`unpacking ${wheel.place}`);
      const folders = {
        libraries: join(this.package, LAYOUT.libraries),
        headers: join(this.scratch, 'include'),
        licences: join(this.folder, 'licences'),
      };
      await copyTensorflow(wheel, folders, this.signal);
      if (cuda) await this.copyCudaLibraries(wheel, place);
    } finally {
      wheel.close();
    }
  }

  private async copyCudaLibraries(tensorflow: Wheel, place: string): Promise<void> {
    const requirements = cudaRequirements(tensorflow);
    if (this.options.from === undefined) {
      this.say(`downloading ${requirements.length} wheels of CUDA's libraries (3 GB) with pip`);
      await downloadWheels(requirements, place, this.signal);
    }
    for (const { distribution } of requirements) {
      const wheel = await openWheel(place, { distribution }, {}, this.signal);
      try {
        this.say(`unpacking ${wheel.place}`);
        await copyCuda(wheel, join(this.package, LAYOUT.cuda), this.signal);
      } finally {
        wheel.close();
      }
    }
  }

  /** The scripts of the binding and what they require; tfjs itself is the application's. */
  private async fetchScripts(): Promise<void> {
    const { binding, protobuf } = this.sources;
    const modules = join(this.folder, LAYOUT.modules);
    await fetchNpmPackage(binding, this.package, this.scratch, this.signal);
    await fetchNpmPackage(protobuf, join(modules, protobuf.name), this.scratch, this.signal);
    for (const [name, text] of Object.entries(TFJS_FORWARDERS)) {
      const path = join(modules, name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, text);
    }
  }

  private async compile(): Promise<string> {
    const { nodeHeaders } = this.sources;
    let node = ownNodeHeaders();
    if (node === undefined) {
      const folder = join(this.scratch, nodeHeaders.name);
      await fetchNpmPackage(nodeHeaders, folder, this.scratch, this.signal);
      node = join(folder, 'include');
    }
    const result = join(this.package, LAYOUT.addon);
    const libraries = join(this.package, LAYOUT.libraries);
    await compileBinding(
      this.compiler,
      {
        sources: join(this.package, 'binding'),
        headers: [join(this.scratch, 'include'), node],
        libraries,
        librariesFromResult: relative(dirname(result), libraries),
        result,
      },
      this.signal,
    );
    return result;
  }

  private say(activity: string): void {
    this.options.onProgress?.(activity);
  }
}

function installed(
  { folder, variant, tensorflow: version }: TensorflowBuild,
  isNew: boolean,
): InstalledTensorflow {
  return { folder, variant, version, isNew };
}
