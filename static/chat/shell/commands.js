// The commands of the palette. A module adds its own in one line:
//   addCommand({ name: translate("usage"), icon: "money", run: () => leaveFor("/usage") });

const commands = [];

// `name`: what people see. `words`: more that find it. `icon`: the end of an icon's id. `keys`: its shortcut, to be
// shown. `when()`: whether it can be done now. `run()`: does it, after the palette has closed.
export function addCommand({ name, words = "", icon = "right", keys = "", when = () => true, run }) {
  commands.push({ name, words, icon, keys, when, run });
}

// Returns the commands that can be done now, in the order in which they were added.
export function availableCommands() {
  return commands.filter(({ when }) => when());
}
