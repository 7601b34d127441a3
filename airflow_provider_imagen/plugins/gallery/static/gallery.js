// The gallery's script: Airflow's theme, the reason why an image is missing, and the full-size view.
// Without it the pages still work: thumbnails are links to the images.
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

const failureText = async (url) => {
  try {
    const answer = await fetch(url);
    const isText = (answer.headers.get("Content-Type") || "").startsWith("text/plain");
    if (isText) {
      return await answer.text();
    }
    return answer.ok ? "The browser cannot show this image." : `This image could not be loaded (${answer.status}).`;
  } catch {
    return "The API server could not be reached. Open the tab again.";
  }
};

const showImageSize = async (image) => {
  // The thumbnail is in the browser's cache already; only its headers are wanted.
  const answer = await fetch(image.currentSrc || image.src, { cache: "force-cache" });
  const bytes = Number(answer.headers.get("X-Imagen-Bytes"));
  const size = bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.ceil(bytes / 1e3)} kB`;
  const place = image.closest(".card").querySelector(".size");
  if (answer.ok && bytes && place) {
    place.textContent = [answer.headers.get("X-Imagen-Pixels"), size].filter(Boolean).join(", ");
  }
};

const showProblem = async (image) => {
  const card = image.closest(".card");
  const problem = card.querySelector(".problem");
  problem.textContent = await failureText(image.src);
  problem.hidden = false;
  // A preview that cannot be made says nothing about the image itself: its link stays.
  const link = card.querySelector(".thumb");
  if (problem.textContent.startsWith("No preview")) {
    image.remove();
    link.textContent = "Open the image";
  } else {
    link.classList.add("broken");
  }
};

const watchThumbnail = (image) => {
  if (image.complete && image.naturalWidth) {
    showImageSize(image).catch(() => {});
    return;
  }
  image.addEventListener("load", () => showImageSize(image).catch(() => {}), { once: true });
  image.addEventListener("error", () => showProblem(image), { once: true });
  if (image.complete && image.currentSrc) {
    showProblem(image);
  }
};

const MOST_LOG_CHARACTERS = 5_000_000;

const linesOf = async function* (response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let read = 0;
  for (;;) {
    const { done, value } = await reader.read();
    const lines = (rest + (value || "")).split("\n");
    rest = done ? "" : lines.pop();
    yield* lines.filter(Boolean);
    read += (value || "").length;
    if (done || read > MOST_LOG_CHARACTERS) {
      reader.cancel().catch(() => {});
      return;
    }
  }
};

const lastError = async (url) => {
  const response = await fetch(url, { headers: { Accept: "application/x-ndjson" } });
  let found = "";
  if (response.ok) {
    for await (const line of linesOf(response)) {
      const message = JSON.parse(line);
      const [raised] = message.error_detail || [];
      if (raised) {
        found = raised.exc_type === "AirflowFailException" ? raised.exc_value : `${raised.exc_type}: ${raised.exc_value}`;
      }
    }
  }
  return found;
};

const lastEvent = async (url) => {
  const response = await fetch(url, { headers: { Accept: "application/json" } });
  const events = response.ok ? (await response.json()).event_logs : [];
  return events.length ? events[0].extra : "";
};

// Airflow's own API answers: it knows who may read logs, masks what is secret and fetches remote logs.
const showReason = async (failure) => {
  const found = (await lastError(failure.dataset.log).catch(() => "")) || (await lastEvent(failure.dataset.events));
  if (found) {
    failure.querySelector(".reason").textContent = found;
  }
};

const showReasons = () => {
  const seen = new IntersectionObserver((entries) => {
    for (const { target } of entries.filter((entry) => entry.isIntersecting)) {
      seen.unobserve(target);
      showReason(target).catch(() => {});
    }
  }, { rootMargin: "600px" });
  document.querySelectorAll(".failure").forEach((failure) => seen.observe(failure));
};

// Airflow's frame lets no link lead out of it: what would is shown as an address to copy.
const copyAddress = async (field, button) => {
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Copy with Ctrl-C";
    field.focus();
  }
};

const showAddress = (link) => {
  const field = document.createElement("input");
  field.type = "text";
  field.readOnly = true;
  field.value = link.href;
  field.setAttribute("aria-label", link.textContent.trim());
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  button.setAttribute("aria-label", `Copy the address: ${link.textContent.trim()}`);
  button.addEventListener("click", () => copyAddress(field, button));
  const words = document.createElement("span");
  words.textContent = `${link.textContent.trim()}, to open outside this frame:`;
  const address = document.createElement("span");
  address.className = "address";
  address.append(words, field, button);
  link.replaceWith(address);
};

const startViewer = () => {
  const part = (name) => document.getElementById(name ? `viewer-${name}` : "viewer");
  const viewer = part("");
  let links = [];
  let current = 0;

  const show = (index) => {
    current = (index + links.length) % links.length;
    const link = links[current];
    const image = part("image");
    part("problem").hidden = true;
    image.hidden = false;
    image.alt = link.dataset.words;
    image.src = link.href;
    part("words").textContent = link.dataset.words;
    part("place").textContent = `Image ${current + 1} of ${links.length}`;
    part("file").href = link.href;
  };

  const open = (link) => {
    links = [...document.querySelectorAll("a.thumb:not(.broken)")];
    show(links.indexOf(link));
    viewer.showModal();
    part("close").focus();
  };

  const keys = {
    ArrowLeft: () => show(current - 1),
    ArrowRight: () => show(current + 1),
    Home: () => show(0),
    End: () => show(links.length - 1),
  };

  part("image").addEventListener("error", async () => {
    const wanted = part("image").src;
    const words = await failureText(wanted);
    if (part("image").src === wanted) {
      part("problem").textContent = words;
      part("problem").hidden = false;
      part("image").hidden = true;
    }
  });
  part("previous").addEventListener("click", keys.ArrowLeft);
  part("next").addEventListener("click", keys.ArrowRight);
  part("close").addEventListener("click", () => viewer.close());
  viewer.addEventListener("click", (event) => event.target === viewer && viewer.close());
  viewer.addEventListener("close", () => links[current].focus());
  viewer.addEventListener("keydown", (event) => {
    if (keys[event.key]) {
      event.preventDefault();
      keys[event.key]();
    }
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a.thumb");
    if (link && event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey)) {
      event.preventDefault();
      open(link);
    }
  });
};

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll(".thumb img").forEach(watchThumbnail);
  if (window.parent !== window) {
    document.querySelectorAll("a.outside").forEach(showAddress);
  }
  showReasons();
  startViewer();
});
