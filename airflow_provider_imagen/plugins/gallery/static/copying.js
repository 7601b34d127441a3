// Copying a text, and addresses that Airflow's frame lets no link open: it allows no pop-ups and no other page.

export const isFramed = window.parent !== window;

const fieldWith = (text, label) => {
  const field = document.createElement("input");
  field.type = "text";
  field.readOnly = true;
  field.className = "copied";
  field.value = text;
  field.setAttribute("aria-label", label);
  return field;
};

// The clipboard may be forbidden: then the text stands selected in a field beside the button.
export const copyText = async (text, button, field) => {
  const words = button.dataset.words || button.textContent;
  button.dataset.words = words;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
    window.setTimeout(() => {
      button.textContent = words;
    }, 2000);
  } catch {
    const shown = field || fieldWith(text, "Text to copy");
    if (!field) {
      button.parentElement.querySelectorAll(".copied").forEach((earlier) => earlier.remove());
      button.after(shown);
    }
    shown.focus();
    shown.select();
    button.title = "Copy the selected text with Ctrl-C";
  }
};

const showAddress = (link) => {
  const words = (link.getAttribute("aria-label") || link.textContent).trim();
  const field = fieldWith(link.href, words);
  field.classList.remove("copied");
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  button.setAttribute("aria-label", `Copy the address: ${words}`);
  button.addEventListener("click", () => {
    field.select();
    copyText(link.href, button, field);
  });
  const before = document.createElement("span");
  before.textContent = `${words}, to open outside this frame:`;
  const address = document.createElement("span");
  address.className = "address";
  address.append(before, field, button);
  link.replaceWith(address);
};

export const startCopying = () => {
  const storesInFrame = "storesInFrame" in document.body.dataset;
  if (isFramed) {
    document.querySelectorAll("a.outside").forEach(showAddress);
  }
  if (isFramed && !storesInFrame) {
    document.querySelectorAll("a.download[href]").forEach(showAddress);
  }
  document.querySelectorAll("button.copy").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => copyText(button.dataset.text, button));
  });
  document.querySelectorAll("a.permalink").forEach((link) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy link";
    button.setAttribute("aria-label", link.getAttribute("aria-label").replace(/^Link/, "Copy link"));
    button.addEventListener("click", () => copyText(link.href, button));
    link.replaceWith(button);
  });
};
