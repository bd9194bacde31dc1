// Templates. Everything put into them is text: htm and preact never make markup out of a value.

import { h } from "preact";
import htm from "htm";

export const html = htm.bind(h);
