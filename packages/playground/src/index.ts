export { serveSite, type ServedSite } from './server';
export { PAGE_FOLDER, type SiteFile, type SiteFiles, siteOf } from './site-files';
export { writeSite } from './write-site';
