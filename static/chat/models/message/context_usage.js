// How much of a model's context window is in use: by the conversation so far, and by the draft.

export const WARN_FROM = 0.8;
const BYTES_PER_TOKEN = 3;

// Returns a quick estimate of a text's tokens, as the server estimates them.
export function estimateTokens(text) {
  return Math.ceil(new TextEncoder().encode(text).length / BYTES_PER_TOKEN);
}

// Returns the tokens that an answer left in the context. `usage`: as in the answer's usage event; the usage of a
// compaction before the answer is not part of it.
export function contextTokens(usage) {
  const parts = ["input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens"];
  return parts.reduce((sum, name) => sum + (usage[name] ?? 0), 0);
}

// Returns {share, shareWithDraft, percent, warns, overfull} of a window of `window` tokens; shares are from 0 to 1.
export function contextShare({ used, draft, window }) {
  const share = Math.min(1, used / window);
  const shareWithDraft = Math.min(1, (used + draft) / window);
  return {
    share,
    shareWithDraft,
    percent: Math.round(shareWithDraft * 100),
    warns: shareWithDraft >= WARN_FROM,
    // The draft alone is more than the model can read: no summary of earlier messages helps.
    overfull: draft > window,
  };
}
