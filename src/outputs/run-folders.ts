/** What the staging of a run asks of run folders. */
import { claimFolder, isPublished, readMarker, releaseFolder, taken } from './folder.js';
import { isCopy, missingFiles } from './folder-files.js';
import { removePartial } from './partial.js';

export const runFolders = { readMarker, claimFolder, releaseFolder, taken, isPublished, missingFiles, isCopy, removePartial };
