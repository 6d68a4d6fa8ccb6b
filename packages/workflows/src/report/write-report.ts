import { imagesOf, whyNotMeasured } from '../evaluate/image-evaluator';
import { decoderOf } from '../sample/decoder';
import { writeImageReport, type ImageReport } from './image-report';
import { writePictureReport, type PictureReport } from './picture-report';
import type { ReportSubject } from './report-subject';
import { writeSequenceReport, type SequenceReport } from './sequence-report';

/** A report that was written, by what there was to say. */
export type DistillReport = ImageReport | PictureReport | SequenceReport;

/**
 * Writes the report of a distillation: figures and pictures of images that can be measured, pictures
 * of others, figures of sequences that are no images. Undefined when there is nothing to say.
 */
export async function writeReport(subject: ReportSubject): Promise<DistillReport | undefined> {
  const decoder = decoderOf(subject.models);
  if (!decoder) return writeSequenceReport(subject);
  const images = imagesOf({ teacher: subject.models.teacher, tokenizer: decoder.tokenizer });
  return whyNotMeasured(subject.context, images) === undefined
    ? writeImageReport({ ...subject, decoder })
    : writePictureReport({ ...subject, decoder });
}
