// The form of an assistant: offers only the thinking and effort that the chosen model accepts.
{
  const find = (name) => document.getElementById(`id_${name}`);

  const offer = (select, values) => {
    for (const option of select.options) {
      option.disabled = option.hidden =
        option.value !== "" && values !== null && !values.includes(option.value);
    }
    if (select.selectedOptions[0]?.disabled) {
      select.value = [...select.options].find((option) => !option.disabled)?.value ?? "";
    }
  };

  const start = () => {
    const [model, thinking, effort] = ["model", "thinking", "effort"].map(find);
    if (!model || !thinking?.dataset.accepted || !effort) return;
    const accepted = JSON.parse(thinking.dataset.accepted);
    const update = () => {
      const takes = accepted[model.value] ?? null;
      offer(thinking, takes && Object.keys(takes));
      offer(effort, takes && (takes[thinking.value] ?? []));
    };
    model.addEventListener("change", update);
    thinking.addEventListener("change", update);
    update();
  };

  document.addEventListener("DOMContentLoaded", start);
}
