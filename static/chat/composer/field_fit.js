// The height and the direction of the message field, which follow its text.

import { directionOf } from "parley/models/text/text_direction.js";

// A longer text fills the field's greatest height. Measuring it would lay out each of its lines.
const MEASURED_CHARACTERS = 4_000;

// Not by `dir="auto"`: Chromium looks at the whole text again for each line of a text that is set. Ten thousand lines
// would take it seconds, half a million hours.
export function fitField(field) {
  const { value } = field;
  const direction = directionOf(value);
  if (field.dir !== direction) field.dir = direction;
  if (CSS.supports("field-sizing", "content")) return;
  field.style.height = "auto";
  const long = value.length > MEASURED_CHARACTERS;
  field.style.height = long ? getComputedStyle(field).maxHeight : `${field.scrollHeight}px`;
}
