// Sanitises a model's text before it enters the page: a short allow-list without anything that loads a resource,
// submits a form or sets an id or a name.

import DOMPurify from "dompurify";

const TAGS = (
  "a b blockquote br code del details em h2 h3 h4 h5 h6 hr i ins kbd li mark ol p pre s small span strong sub " +
  "summary sup table tbody td th thead tr u ul"
).split(" ");
const ATTRIBUTES = ["align", "class", "href", "open", "start", "title"];
// DOMPurify checks the values of all other attributes against ADDRESS.
const NO_ADDRESSES = ["align", "open", "start"];
const CLASSES = {
  A: /^(?:image-link|citation)$/,
  CODE: /^(?:language-[\w+#.-]{1,40}(?: growing)?|growing|formula|formula-block)$/,
  OL: /^footnotes$/,
  SPAN: /^task(-done)?$/,
  SUP: /^footnote-reference$/,
};
// Besides other sites, citations may lead to cited documents, which this server shows to their owner only.
const CITED = /^\/cited\/[\w-]+\?/;
const ADDRESS = /^(?:https?:\/\/|mailto:|\/cited\/[\w-]+\?)/i;

const COMMON = {
  ALLOW_ARIA_ATTR: false,
  ALLOW_DATA_ATTR: false,
  ALLOWED_NAMESPACES: ["http://www.w3.org/1999/xhtml"],
  RETURN_DOM_FRAGMENT: true,
  SANITIZE_NAMED_PROPS: true,
};

const answers = DOMPurify(window);
answers.addHook("uponSanitizeAttribute", (node, data) => {
  if (data.attrName === "class") data.keepAttr = Boolean(CLASSES[node.nodeName]?.test(data.attrValue));
  if (data.attrName === "href") data.keepAttr = node.nodeName === "A" && ADDRESS.test(data.attrValue);
  if (data.attrName === "open") data.keepAttr = node.nodeName === "DETAILS";
});
answers.addHook("afterSanitizeAttributes", (node) => {
  if (node.nodeName !== "A" || !node.hasAttribute("href")) return;
  node.setAttribute("target", "_blank");
  node.setAttribute("rel", "noopener noreferrer nofollow");
  if (CITED.test(node.getAttribute("href")) && node.className !== "citation") node.removeAttribute("href");
});

const highlighted = DOMPurify(window);

// Returns a safe fragment for HTML that the markdown renderer wrote.
export function cleanAnswer(html) {
  return answers.sanitize(html, {
    ...COMMON,
    ALLOWED_TAGS: TAGS,
    ALLOWED_ATTR: ATTRIBUTES,
    ADD_URI_SAFE_ATTR: NO_ADDRESSES,
    ALLOWED_URI_REGEXP: ADDRESS,
  });
}

// Returns a safe fragment for highlighted code: only spans with classes.
export function cleanCode(html) {
  return highlighted.sanitize(html, { ...COMMON, ALLOWED_TAGS: ["span"], ALLOWED_ATTR: ["class"] });
}
