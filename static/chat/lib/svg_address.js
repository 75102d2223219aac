// Returns the address of an SVG as a picture. In a picture no script runs, and nothing is loaded.
export function svgAddress(svg) {
  return `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg.toWellFormed?.() ?? svg)}`;
}
