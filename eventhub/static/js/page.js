// What every page gets on top of plain HTML: forms that are sent once, a print button, and the ranking where there is one.

document.documentElement.classList.add("js");

// A second press while the first is under way would only ask the server to refuse it.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || !form.hasAttribute("data-once") || event.defaultPrevented) return;
  if (form.hasAttribute("data-sent")) {
    event.preventDefault();
    return;
  }
  form.setAttribute("data-sent", "");
  const pressed = event.submitter?.querySelector("span");
  if (!pressed || event.submitter.name) return;
  pressed.dataset.label = pressed.textContent;
  pressed.textContent = document.body.dataset.sending;
});

// Coming back with the browser's own button shows the page as it was left, so let it be sent again.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    form.removeAttribute("data-sent");
    for (const label of form.querySelectorAll("[data-label]")) label.textContent = label.dataset.label;
  }
});

document.addEventListener("click", (event) => {
  if (event.target instanceof Element && event.target.closest("[data-print]")) window.print();
});

// Answers to htmx carry the same token as forms do.
document.addEventListener("htmx:configRequest", (event) => {
  const token = document.querySelector('input[name="csrf_token"]');
  if (token) event.detail.headers["X-CSRFToken"] = token.value;
});

if (document.querySelector("[data-ranking]")) {
  const { settle } = await import("./ranking.js");
  for (const ranking of document.querySelectorAll("[data-ranking]")) settle(ranking);
}
