// Who answers next and how: the model or assistant, the effort, and which tools of the assistant are offered.

import { ModelChooser } from "parley/composer/model_chooser.js";
import { rememberChoice } from "parley/composer/model_choice.js";
import { ToolChoice } from "parley/composer/tool_choice.js";
import { nearestEffort } from "parley/models/message/effort.js";

export class AnswerOptions {
  // `toolsOff`: the ids of tools that are off in this conversation.
  constructor({ form, toolsOff }) {
    this.picker = form.elements.choice;
    this.effort = form.elements.effort;
    this.frame = form.querySelector("[data-effort]");
    this.wish = this.effort.dataset.wish;
    this.chooser = new ModelChooser(this.picker);
    this.tools = new ToolChoice({ form, off: toolsOff });
    this.effort.addEventListener("change", () => (this.wish = this.effort.value));
    this.picker.addEventListener("change", () => {
      rememberChoice(this.picker);
      this.show();
    });
    this.show();
  }

  // The members of a request: {assistant, model, effort, tools_off}; tools_off is null until they were changed here.
  get values() {
    const [kind, id] = this.picker.value.split(":");
    return {
      assistant: kind === "assistant" ? id : null,
      model: kind === "model" ? id : null,
      effort: this.wish,
      tools_off: this.tools.changed,
    };
  }

  // Returns {options, others} for a message: the members of its request, and the picker's values of those who answer it
  // after the first one.
  take() {
    return { options: this.values, others: this.chooser.takeOthers() };
  }

  // The picker shows another model or assistant: only what it takes can be chosen.
  show() {
    this.chooser.show();
    const { efforts = "", tools = "0" } = this.picker.selectedOptions[0]?.dataset ?? {};
    const levels = efforts.split(" ").filter(Boolean);
    this.frame.hidden = !levels.length;
    for (const option of this.effort.options) {
      option.hidden = option.disabled = Boolean(option.value) && !levels.includes(option.value);
    }
    this.effort.value = nearestEffort(this.wish, levels);
    const { assistant } = this.values;
    this.tools.show(Number(tools) ? assistant : null);
  }
}
