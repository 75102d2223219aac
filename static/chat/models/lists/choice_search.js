// The search in a long list of models and assistants.

// Returns the groups, {name, choices: [{name, about, …}]}, with the choices that have every word of the query in their
// name, their description or their group's name; groups without any are left out.
export function foundChoices(groups, query) {
  const words = plain(query).split(/\s+/).filter(Boolean);
  return groups
    .map((group) => ({
      ...group,
      choices: group.choices.filter(({ name, about }) => {
        const text = plain([name, about, group.name].join(" "));
        return words.every((word) => text.includes(word));
      }),
    }))
    .filter(({ choices }) => choices.length);
}

// Without accents and capital letters.
const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
