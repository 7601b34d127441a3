// Airflow's theme, light or dark, before the page is drawn.
"use strict";

const airflowRoot = () => {
  try {
    return window.parent !== window ? window.parent.document.documentElement : null;
  } catch {
    return null; // shown inside a page of another origin
  }
};

const airflowTheme = () => {
  const root = airflowRoot();
  const words = root ? [...root.classList, root.dataset.theme] : [];
  try {
    words.push(localStorage.getItem("theme"));
  } catch {
    // storage may be forbidden
  }
  return words.find((word) => word === "dark" || word === "light");
};

const applyTheme = () => {
  const theme = airflowTheme();
  if (theme) {
    document.documentElement.dataset.theme = theme;
  } else {
    delete document.documentElement.dataset.theme;
  }
};

applyTheme();
window.addEventListener("storage", applyTheme);
if (airflowRoot()) {
  const watched = { attributes: true, attributeFilter: ["class", "data-theme"] };
  new MutationObserver(applyTheme).observe(airflowRoot(), watched);
}
