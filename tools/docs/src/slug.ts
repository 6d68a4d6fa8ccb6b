/**
 * The anchor of a heading, as GitHub makes it: one link leads to the same place there and on the site. A second
 * heading of the same text gets "-1" behind it, a third "-2".
 */
export function slugOf(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-');
}
