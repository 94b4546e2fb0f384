// Builds DOM nodes. Text only ever enters the page as a text node, never as HTML.

const SVG = "http://www.w3.org/2000/svg";

/** An element with properties and children; `on` holds listeners, `data` the data attributes. */
export function el(tag, props = {}, ...children) {
  return fill(document.createElement(tag), props, children);
}

/** The same for SVG. */
export function svg(tag, props = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), props, children);
}

function fill(node, props, children) {
  for (const [key, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (key === "on") {
      for (const [name, listener] of Object.entries(value)) node.addEventListener(name, listener);
    } else if (key === "data") {
      Object.assign(node.dataset, value);
    } else {
      node.setAttribute(key, value === true ? "" : String(value));
    }
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** The address if a browser may safely open it, else null. */
export function safeUrl(text) {
  try {
    const url = new URL(String(text));
    return url.protocol === "http:" || url.protocol === "https:" ? url.href : null;
  } catch {
    return null;
  }
}

/** The address of a picture, only from this machine: the page asks nobody else for anything. */
export function localUrl(text) {
  const href = safeUrl(text);
  if (href === null) return null;
  const host = new URL(href).hostname;
  return [location.hostname, "127.0.0.1", "localhost", "[::1]"].includes(host) ? href : null;
}

/** A link to elsewhere, or the bare children where the address is not one. */
export function link(href, ...children) {
  const safe = safeUrl(href);
  if (safe === null) return el("span", {}, ...children);
  return el("a", { href: safe, target: "_blank", rel: "noopener noreferrer nofollow" }, ...children);
}

/** A colour number of Discord as CSS, or the fallback. */
export function colour(number, fallback) {
  return Number.isInteger(number) ? `#${number.toString(16).padStart(6, "0")}` : fallback;
}

/** Says something to the rest of the page; app.js knows who listens. */
export function announce(name, detail) {
  document.dispatchEvent(new CustomEvent(`page:${name}`, { detail }));
}
