// How full a model's context is: what the last answer left in it, and what the draft will add.

export const WARN_FROM = 0.8;
const BYTES_PER_TOKEN = 3;

export function estimateTokens(text) {
  return Math.ceil(new TextEncoder().encode(text).length / BYTES_PER_TOKEN);
}

// `usage` as an answer's usage event has it. A compaction before the answer is no part of what is left.
export function contextTokens(usage) {
  const parts = ["input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens"];
  return parts.reduce((sum, name) => sum + (usage[name] ?? 0), 0);
}

// Returns {percent, share, draftShare, warns}; shares are from 0 to 1.
export function fullness({ used, draft, window }) {
  const share = Math.min(1, used / window);
  const whole = Math.min(1, (used + draft) / window);
  return {
    share,
    draftShare: whole,
    percent: Math.round(whole * 100),
    warns: whole >= WARN_FROM,
  };
}
