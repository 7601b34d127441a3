// The full-size view of one image, with the keyboard, and the view of several side by side.

import { copyText, isFramed } from "./copying.js";
import { failureText } from "./thumbnails.js";

const MOST_COMPARED = 4;
const SHOWN = "a.thumb:not(.broken)";

const part = (name) => document.getElementById(name);

const setZoom = (button, element, zoomed) => {
  element.classList.toggle("actual", zoomed);
  button.setAttribute("aria-pressed", String(zoomed));
};

const toggleZoom = (button, element) => setZoom(button, element, button.getAttribute("aria-pressed") !== "true");

const closeOnBackdrop = (dialog) => dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());

const startComparison = () => {
  const dialog = part("compare");
  const panes = part("compare-panes");

  // All panes show the same part: the images may have different sizes.
  const follow = (moved) => {
    const share = (place, size, visible) => (size > visible ? place / (size - visible) : 0);
    const left = share(moved.scrollLeft, moved.scrollWidth, moved.clientWidth);
    const top = share(moved.scrollTop, moved.scrollHeight, moved.clientHeight);
    for (const pane of panes.querySelectorAll(".pane")) {
      if (pane !== moved) {
        pane.scrollLeft = left * (pane.scrollWidth - pane.clientWidth);
        pane.scrollTop = top * (pane.scrollHeight - pane.clientHeight);
      }
    }
  };

  const figureOf = ({ href, label, words }) => {
    const figure = document.createElement("figure");
    const pane = document.createElement("div");
    pane.className = "pane";
    pane.tabIndex = 0;
    pane.setAttribute("role", "group");
    pane.setAttribute("aria-label", label);
    const image = document.createElement("img");
    const caption = document.createElement("figcaption");
    image.alt = words;
    image.addEventListener("load", () => {
      caption.textContent = `${label} · ${image.naturalWidth} x ${image.naturalHeight}`;
    });
    image.addEventListener("error", async () => {
      caption.textContent = `${label}: ${await failureText(href)}`;
    });
    image.src = href;
    pane.append(image);
    pane.addEventListener("scroll", () => pane.matches(":hover, :focus") && follow(pane));
    caption.textContent = label;
    figure.append(pane, caption);
    return figure;
  };

  part("compare-zoom").addEventListener("click", () => toggleZoom(part("compare-zoom"), panes));
  part("compare-close").addEventListener("click", () => dialog.close());
  closeOnBackdrop(dialog);
  return (images) => {
    setZoom(part("compare-zoom"), panes, false);
    panes.replaceChildren(...images.map(figureOf));
    dialog.showModal();
    part("compare-close").focus();
  };
};

const described = (link) => ({ href: link.href, label: link.dataset.label, words: link.dataset.words });

const sourcesOf = (link) =>
  (link.dataset.sources || "")
    .split(" ")
    .filter(Boolean)
    .map((href) => ({ href: new URL(href, document.baseURI).href, label: "Source", words: "Source of this image" }));

const startChoice = (compare) => {
  const boxes = () => [...document.querySelectorAll(".choose input")];
  const chosen = () => boxes().filter((box) => box.checked);

  const update = () => {
    const count = chosen().length;
    part("chosen").hidden = count === 0;
    part("chosen-count").textContent = count === 1 ? "1 image chosen, choose one more" : `${count} images chosen`;
    part("chosen-compare").disabled = count < 2;
    boxes().forEach((box) => {
      box.disabled = !box.checked && count >= MOST_COMPARED;
    });
  };

  document.querySelectorAll(".choose").forEach((label) => {
    label.hidden = false;
    const words = label.closest(".card").querySelector(".thumb").dataset.words;
    label.querySelector("input").setAttribute("aria-label", `Compare: ${words}`);
  });
  document.addEventListener("change", (event) => event.target.matches(".choose input") && update());
  part("chosen-compare").addEventListener("click", () =>
    compare(chosen().map((box) => described(box.closest(".card").querySelector(".thumb")))),
  );
  part("chosen-clear").addEventListener("click", () => {
    chosen().forEach((box) => {
      box.checked = false;
    });
    update();
  });
  update();
};

// On a page with two runs: the first images of both, and the next ones after them as far as there is room.
const startPairs = (compare) => {
  document.querySelectorAll(".pair").forEach((pair) => {
    const sides = [...pair.querySelectorAll(".side")].map((side) => [...side.querySelectorAll(SHOWN)]);
    const button = pair.querySelector(".beside");
    button.hidden = sides.some((links) => links.length === 0);
    button.addEventListener("click", () => {
      const shown = (links) => links.filter((link) => !link.matches(".broken")).slice(0, MOST_COMPARED / sides.length);
      compare(sides.flatMap(shown).map(described));
    });
  });
};

export const startViewer = () => {
  const compare = startComparison();
  startChoice(compare);
  startPairs(compare);
  const viewer = part("viewer");
  const stage = part("viewer-stage");
  const image = part("viewer-image");
  let links = [];
  let current = 0;

  const link = () => links[current];

  // Opened alone, the address of the page leads to the image that is shown.
  const setAddress = (anchor) => {
    if (!isFramed) {
      window.history.replaceState(null, "", anchor ? `#${anchor}` : window.location.pathname + window.location.search);
    }
  };

  const showPlace = () => {
    const size = image.naturalWidth ? ` · ${image.naturalWidth} x ${image.naturalHeight}` : "";
    part("viewer-place").textContent = `Image ${current + 1} of ${links.length}${size}`;
  };

  const show = (index) => {
    current = (index + links.length) % links.length;
    part("viewer-problem").hidden = true;
    image.hidden = false;
    image.alt = link().dataset.words;
    image.src = link().href;
    part("viewer-words").textContent = link().dataset.words;
    part("viewer-source").hidden = sourcesOf(link()).length === 0;
    part("viewer-link").hidden = !link().dataset.page;
    const file = part("viewer-file");
    file.hidden = !link().dataset.file || (isFramed && !("storesInFrame" in document.body.dataset));
    file.href = link().dataset.file || link().href;
    viewer.querySelectorAll(".copied").forEach((field) => field.remove());
    showPlace();
    const anchor = link().closest(".card").id;
    if (anchor) {
      setAddress(anchor);
    }
  };

  const open = (wanted) => {
    links = [...document.querySelectorAll(SHOWN)];
    setZoom(part("viewer-zoom"), stage, false);
    show(links.indexOf(wanted));
    viewer.showModal();
    part("viewer-close").focus();
  };

  const openAddress = () => {
    const wanted = document.getElementById(decodeURIComponent(window.location.hash.slice(1)))?.querySelector(SHOWN);
    if (wanted && !viewer.open) {
      open(wanted);
    }
  };

  const zoom = () => {
    toggleZoom(part("viewer-zoom"), stage);
    stage.tabIndex = stage.classList.contains("actual") ? 0 : -1;
  };

  const keys = {
    ArrowLeft: () => show(current - 1),
    ArrowRight: () => show(current + 1),
    Home: () => show(0),
    End: () => show(links.length - 1),
    z: zoom,
  };

  image.addEventListener("load", showPlace);
  image.addEventListener("error", async () => {
    const wanted = image.src;
    const words = await failureText(wanted);
    if (image.src === wanted) {
      part("viewer-problem").textContent = words;
      part("viewer-problem").hidden = false;
      image.hidden = true;
    }
  });
  part("viewer-previous").addEventListener("click", keys.ArrowLeft);
  part("viewer-next").addEventListener("click", keys.ArrowRight);
  part("viewer-zoom").addEventListener("click", zoom);
  part("viewer-source").addEventListener("click", () => compare([...sourcesOf(link()), described(link())]));
  part("viewer-uri").addEventListener("click", () => copyText(link().dataset.uri, part("viewer-uri")));
  part("viewer-link").addEventListener("click", () =>
    copyText(new URL(link().dataset.page, document.baseURI).href, part("viewer-link")),
  );
  part("viewer-close").addEventListener("click", () => viewer.close());
  closeOnBackdrop(viewer);
  viewer.addEventListener("close", () => {
    setAddress("");
    link().focus();
  });
  viewer.addEventListener("keydown", (event) => {
    // A field or a zoomed image that has the focus needs the arrows itself.
    const needsKeys = event.target.matches("input") || (event.target === stage && event.key !== "z");
    if (keys[event.key] && !needsKeys && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      keys[event.key]();
    }
  });
  document.addEventListener("click", (event) => {
    const wanted = event.target.closest("a.thumb");
    if (wanted && event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey)) {
      event.preventDefault();
      open(wanted);
    }
  });
  window.addEventListener("hashchange", openAddress);
  openAddress();
};
