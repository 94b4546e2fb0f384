// Dark as Discord is, unless the reader's system, `?theme=` or the toggle says light.

const root = document.documentElement;
const asked = new URLSearchParams(location.search).get("theme");
const system = matchMedia("(prefers-color-scheme: light)");

export const isDark = () => root.dataset.theme !== "light";

function set(theme) {
  root.dataset.theme = theme;
}

export function startTheme() {
  const known = ["light", "dark"].includes(asked);
  set(known ? asked : system.matches ? "light" : "dark");
  if (!known) system.addEventListener("change", () => set(system.matches ? "light" : "dark"));
}

export function toggleTheme() {
  set(isDark() ? "light" : "dark");
}
