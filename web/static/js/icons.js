// Icons, 20 by 20, drawn with strokes so that they take the colour of their words. They never stand alone for
// a meaning: a word is beside them, or a label.

import { html } from "./html.js";

const PATHS = {
  available: "M4 10.5l4 4 8-9",
  reserved: "M6 4.5c0 6 3.5 9.500 9.500 9.500l0-3-3-1.200-1.500 1.500c-1.600-.8-2.500-1.700-3.300-3.300l1.500-1.500L8 4.500zM13 3.500a4 4 0 0 1 3.500 3.500",
  talking: "M4 9v2M7.500 6.500v7M10.500 4v12M13.500 7v6M16.500 9v2",
  held: "M7 5v10M13 5v10",
  wrap_up: "M5 3.500h10v13H5zM7.500 7.500h5M7.500 10.500h5M7.500 13.500h3",
  paused: "M10 3.500a6.500 6.500 0 1 0 0 13a6.500 6.500 0 1 0 0-13M8.500 7.500v5M11.500 7.500v5",
  offline: "M10 3.500v6M6 5.500a6.500 6.500 0 1 0 8 0",
  answer: "M5.500 3.500h2.500l1.200 3.500-1.700 1.200c.8 1.800 2.500 3.500 4.300 4.300l1.200-1.700 3.500 1.200v2.500c0 1-.8 1.700-1.700 1.600C9 15.700 4.300 11 3.900 5.200 3.800 4.300 4.500 3.500 5.500 3.500z",
  hang_up: "M2.500 11.500c4.200-4.600 10.800-4.600 15 0l-1.800 2.200-3-1.200v-2.100a9 9 0 0 0-5.400 0v2.100l-3 1.200z",
  down: "M6 8l4 4 4-4",
  sun: "M10 6.500a3.500 3.500 0 1 0 0 7a3.500 3.500 0 1 0 0-7M10 2v1.500M10 16.500V18M2 10h1.500M16.500 10H18M4.300 4.300l1.100 1.100M14.600 14.600l1.100 1.100M4.300 15.700l1.100-1.100M14.600 5.400l1.100-1.100",
  moon: "M15.500 12.500A6.500 6.500 0 0 1 7.500 4.500a6.500 6.500 0 1 0 8 8z",
  user: "M10 3.500a3.250 3.250 0 1 0 0 6.500a3.250 3.250 0 1 0 0-6.500M3.500 17c.5-3.500 3-5 6.500-5s6 1.500 6.500 5",
  phone: "M6.500 2.500h7v15h-7zM9 15h2",
  warning: "M10 3.500l7 12.500H3zM10 8v4M10 13.800v.2",
  clock: "M10 3.500a6.500 6.500 0 1 0 0 13a6.500 6.500 0 1 0 0-13M10 6.500V10l2.500 1.500",
  close: "M5.500 5.500l9 9M14.500 5.500l-9 9",
};

export function Icon({ name, size = 18 }) {
  return html`<svg
    width=${size}
    height=${size}
    viewBox="0 0 20 20"
    fill="none"
    stroke="currentColor"
    stroke-width="1.7"
    stroke-linecap="round"
    stroke-linejoin="round"
    aria-hidden="true"
  >
    <path d=${PATHS[name]} />
  </svg>`;
}
