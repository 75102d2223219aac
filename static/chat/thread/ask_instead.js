// The way out when a model can't read the files of a message: the same again, to a model that can.

import { translate } from "parley/lib/page.js";
import { choose } from "parley/thread/turn_buttons.js";

// `refused`: {message, own} of a refused request. `instead`: {model, name} as the server names it, or null.
// Returns {name, run} of a button, or null. A message is in the field again: `send` sends it; `post` repeats others.
export function askInstead(refused, instead, { send, post }) {
  if (!instead || !refused?.own) return null;
  const { type, turn } = refused.message;
  const run = () => {
    const choice = choose(`model:${instead.model}`);
    if (type === "turn.start") send();
    else post({ type, turn, ...choice });
  };
  return { name: translate("ask_model", { model: instead.name }), run };
}
