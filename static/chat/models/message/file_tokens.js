// Estimates of what files add to a prompt, for the gauge; the bill counts exactly.

const PIXELS_PER_TOKEN = 750;
const MOST_OF_AN_IMAGE = 4784;
const TOKENS_PER_PAGE = 3000;
const CHARACTERS_PER_TOKEN = 2.5;

// Returns the tokens of one attachment, as the API describes it: `kind`, and `width`, `height`, `pages` or `characters`.
export function fileTokens({ kind, width, height, pages, characters }) {
  if (kind === "image")
    return Math.min(MOST_OF_AN_IMAGE, Math.ceil((width * height) / PIXELS_PER_TOKEN) || 0);
  if (kind === "pdf") return (pages ?? 1) * TOKENS_PER_PAGE;
  return Math.ceil((characters ?? 0) / CHARACTERS_PER_TOKEN);
}
