// Light, dark, or as the system has it.

import { signal } from "@preact/signals";

import { remember } from "./memory.js";

const root = document.documentElement;

export const theme = signal(root.dataset.theme ?? "");

export const isDark = () =>
  theme.value ? theme.value === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;

export function switchTheme(to) {
  theme.value = to;
  if (to) root.dataset.theme = to;
  else delete root.dataset.theme;
  document.querySelector('meta[name="color-scheme"]').content = to || "light dark";
  remember("theme", to);
}
