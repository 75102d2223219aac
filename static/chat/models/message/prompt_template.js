// The placeholders of a saved prompt. {{name}} asks for a value, {{name=value}} has one already, {{name:one|two}} is a
// choice; {{today}} and {{now}} are filled in, under the names that other chats have for them too. \{{name}} is plain
// text, and so are the expressions of template languages and build services, which have more than a name.

const PLACEHOLDER =
  /(\\)?\{\{\s*([\p{L}\p{N}_][\p{L}\p{M}\p{N}_ '’-]{0,79}?)\s{0,20}(?:=([^{}]*)|:([^{}]*))?\}\}/gu;
const BUILT_IN = new Map([
  ["today", "today"],
  ["current_date", "today"],
  ["now", "now"],
  ["current_datetime", "now"],
]);

const builtIn = (name) => BUILT_IN.get(name.toLowerCase());

// Returns what has to be asked for, in order, each name once: {name, value, options}; `options` is empty for free text.
export function placeholders(text) {
  const found = new Map();
  for (const [, mark, name, value, options] of text.matchAll(PLACEHOLDER)) {
    if (mark || builtIn(name)) continue;
    const choices = (options ?? "").split("|").map((choice) => choice.trim());
    const known = found.get(name) ?? { name, value: "", options: [] };
    found.set(name, {
      name,
      value: known.value || (value ?? ""),
      options: known.options.length ? known.options : choices.filter(Boolean),
    });
  }
  return [...found.values()];
}

// Returns the text with its placeholders filled. `values`: by name. `moments`: {today, now}. Values are inserted as they
// are: what looks like a placeholder in one of them stays.
export function fillPrompt(text, values, moments) {
  return text.replace(PLACEHOLDER, (whole, mark, name) => {
    if (mark) return whole.slice(1);
    return builtIn(name) ? moments[builtIn(name)] : (values[name] ?? "");
  });
}
