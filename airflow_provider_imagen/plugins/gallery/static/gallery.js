// Starts the parts of the gallery. Without scripts the pages still work: thumbnails are links to the images.

import { startCopying } from "./copying.js";
import { startFailures } from "./failures.js";
import { startThumbnails } from "./thumbnails.js";
import { startViewer } from "./viewer.js";

startThumbnails();
startCopying();
startViewer();
startFailures();
document.documentElement.dataset.started = "";
