// The size of the image behind each thumbnail, and why one is missing.

export const failureText = async (url) => {
  try {
    const response = await fetch(url);
    if ((response.headers.get("Content-Type") || "").startsWith("text/plain")) {
      return await response.text();
    }
    return response.ok ? "The browser cannot show this image." : `This image could not be loaded (${response.status}).`;
  } catch {
    return "The API server could not be reached. Open the tab again.";
  }
};

const showSize = async (image) => {
  // The thumbnail is in the browser's cache already; only its headers are wanted.
  const response = await fetch(image.currentSrc || image.src, { cache: "force-cache" });
  const bytes = Number(response.headers.get("X-Imagen-Bytes"));
  const size = bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.ceil(bytes / 1e3)} kB`;
  const place = image.closest(".card").querySelector(".size");
  if (response.ok && bytes && place) {
    place.textContent = [response.headers.get("X-Imagen-Pixels"), size].filter(Boolean).join(", ");
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
    card.querySelector(".choose")?.remove();
  }
};

const watch = (image) => {
  if (image.complete && image.naturalWidth) {
    showSize(image).catch(() => {});
    return;
  }
  image.addEventListener("load", () => showSize(image).catch(() => {}), { once: true });
  image.addEventListener("error", () => showProblem(image), { once: true });
  if (image.complete && image.currentSrc) {
    showProblem(image);
  }
};

export const startThumbnails = () => document.querySelectorAll(".thumb img").forEach(watch);
