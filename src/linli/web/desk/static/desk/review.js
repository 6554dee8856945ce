// The viewer of materials: one at a time, the next by key, pictures larger and turned. Without this file they follow one
// another in the page and the links lead to them.
(() => {
  "use strict";

  const viewer = document.querySelector("[data-viewer]");
  if (!viewer) return;
  const place = viewer.querySelector("[data-viewer-place]");
  const tools = viewer.querySelector("[data-sight-tools]");
  const links = [...viewer.querySelectorAll("[data-show]")];
  const pieces = () => [...viewer.querySelectorAll("[data-piece]")];
  const current = () => viewer.querySelector("[data-piece][data-current]");
  let at = 0;

  function show(n) {
    const all = pieces();
    if (!all.length) return;
    at = (n + all.length) % all.length;
    all.forEach((piece, i) => piece.toggleAttribute("data-current", i === at));
    links.forEach((link, i) => (i === at ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current")));
    place.textContent = `${at + 1} / ${all.length}`;
    tools.hidden = !current().querySelector("[data-picture]");
  }

  viewer.addEventListener("click", (event) => {
    const link = event.target.closest("[data-show]");
    if (link) {
      event.preventDefault();
      show(links.indexOf(link));
    }
    const turn = event.target.closest("[data-turn]");
    if (turn) show(at + Number(turn.dataset.turn));
    const zoom = event.target.closest("[data-zoom]");
    if (zoom) each((picture) => resize(picture, Number(zoom.dataset.zoom)));
    if (event.target.closest("[data-rotate]")) each(rotate);
  });

  const each = (act) => current()?.querySelectorAll("[data-picture]").forEach(act);

  function resize(picture, way) {
    const size = Math.min(400, Math.max(50, Number(picture.dataset.size ?? 100) + way * 50));
    picture.dataset.size = size;
    picture.style.width = `${size}%`;
  }

  function rotate(picture) {
    const angle = (Number(picture.dataset.angle ?? 0) + 90) % 360;
    picture.dataset.angle = angle;
    picture.style.rotate = `${angle}deg`;
    // A picture on its side keeps its box; the margins make room for what now stands out of it.
    const out = angle % 180 ? Math.max(0, (picture.clientWidth - picture.clientHeight) / 2) : 0;
    picture.style.marginBlock = `${out}px`;
  }

  // Settling a material replaces it; it stays the one that is shown.
  document.addEventListener("htmx:afterSettle", () => show(at));

  // What a key has ticked or chosen is brought into sight.
  const sight = (element) => element.closest("fieldset").scrollIntoView({ block: "nearest" });
  document.querySelector("[data-tick]")?.addEventListener("click", (event) => {
    document.querySelectorAll("[data-link]").forEach((box) => (box.checked = true));
    sight(event.target);
  });
  document.querySelectorAll("[name=verdict]").forEach((choice) => choice.addEventListener("change", () => sight(choice)));

  viewer.dataset.viewer = "on";
  const wrong = pieces().findIndex((piece) => piece.querySelector(".l-field-wrong"));
  show(wrong < 0 ? 0 : wrong);
})();
