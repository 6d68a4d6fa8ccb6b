import type { ExtractedFeatures, FeatureNetwork, FeatureOutput } from '@ar-distill/core';
import { pixelPlace, type Place, requireFinite } from '@ar-distill/core/sampling';
import type { HostTensor } from '@ar-distill/program';

/**
 * The named outputs of `images` [N, height, width, channels]. `firstImage` is the number of the first
 * one in errors.
 * @throws NonFiniteError saying which pixel or which output of which image is not finite: metrics
 *   compare, so that NaN would count as far away or as another class.
 */
export async function extractFeatures(
  network: FeatureNetwork,
  images: HostTensor,
  which: readonly FeatureOutput[],
  firstImage: number,
): Promise<ExtractedFeatures> {
  requireFinite('The image to measure', images, firstImage, pixelPlace);
  const features = await network.extract(images, which);
  const check = (what: string, values: HostTensor | undefined, place: Place): void => {
    if (values) requireFinite(`The ${what} of "${network.name}"`, values, firstImage, place);
  };
  check('features', features.pool, ([feature]) => `feature ${feature}`);
  check('spatial features', features.spatial, ([feature]) => `feature ${feature}`);
  check('logits', features.logits, ([label]) => `class ${label}`);
  for (const [layer, maps] of (features.layers ?? []).entries()) {
    check(`maps of layer ${layer}`, maps, pixelPlace);
  }
  return features;
}
