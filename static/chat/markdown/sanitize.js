// The wall between a model's words and the page: a short allow-list, nothing that loads, submits or names itself.

import DOMPurify from "dompurify";

const TAGS = (
  "a b blockquote br code del em h2 h3 h4 h5 h6 hr i ins kbd li mark ol p pre s small span strong sub sup " +
  "table tbody td th thead tr u ul"
).split(" ");
const ATTRIBUTES = ["align", "class", "href", "start", "title"];
// DOMPurify holds every other attribute against ADDRESS too.
const NO_ADDRESSES = ["align", "start"];
const CLASSES = { A: /^image-link$/, CODE: /^language-[\w+#.-]{1,40}$/, SPAN: /^task(-done)?$/ };
// Beside other sites: the places in documents that an answer cites, which this server shows to their owner alone.
const CITED = /^\/cited\/[\w-]+\?/;
const MARK = /^\[\d{1,3}\]$/; // pages of the web are cited by such a mark too
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
});
answers.addHook("afterSanitizeAttributes", (node) => {
  if (node.nodeName !== "A" || !node.hasAttribute("href")) return;
  node.setAttribute("target", "_blank");
  node.setAttribute("rel", "noopener noreferrer nofollow");
  if (CITED.test(node.getAttribute("href")) || MARK.test(node.textContent)) node.className = "citation";
});

const colours = DOMPurify(window);

// Returns a fragment that is safe to insert, made from HTML that a markdown renderer wrote.
export function cleanAnswer(html) {
  return answers.sanitize(html, {
    ...COMMON,
    ALLOWED_TAGS: TAGS,
    ALLOWED_ATTR: ATTRIBUTES,
    ADD_URI_SAFE_ATTR: NO_ADDRESSES,
    ALLOWED_URI_REGEXP: ADDRESS,
  });
}

// The same for highlighted code: nothing but spans with classes.
export function cleanCode(html) {
  return colours.sanitize(html, { ...COMMON, ALLOWED_TAGS: ["span"], ALLOWED_ATTR: ["class"] });
}
