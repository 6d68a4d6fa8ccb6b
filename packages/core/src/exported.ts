export {
  type ExportedTeacher,
  describedArrays,
  EXPORTED_TEACHER_FILE,
  parseExportedTeacher,
} from './sampling/exported-teacher';
export {
  decoderSignature,
  EXPORTED_BATCH,
  IMAGES,
  type OpenTeacher,
  openExportedTeacher,
  SEQUENCE,
  type TeacherPicture,
  type TeacherStep,
} from './sampling/open-exported-teacher';
