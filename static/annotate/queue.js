// @ts-check
/** The queue's page: the note of frames with strokes that are in this browser alone. */

import { find } from "./dom.js";
import { tellOthers } from "./others.js";
import { Drafts } from "./store/draft.js";

tellOthers(new Drafts(find("#others").dataset.draft ?? "")).catch(() => {});
