// One of the person's messages as it stands on the page: what was written, and the ids of its files.

export function writtenMessage(article) {
  const texts = [...article.querySelectorAll(".message__text")].map((node) => node.textContent);
  const files = [...article.querySelectorAll("[data-attachment]")];
  return { text: texts.join("\n\n"), attachments: files.map(({ dataset }) => dataset.attachment) };
}
