// Moves ranked cards in place, by button or by dragging; without this file the same buttons ask the server.

export function settle(ranking) {
  const chosen = ranking.querySelector(".eh-ranking-chosen");
  const available = ranking.querySelector(".eh-ranking-available");
  const says = ranking.querySelector("[data-ranking-says]");
  const most = Number(ranking.dataset.most) || Infinity;

  ranking.addEventListener("click", (event) => {
    const button = event.target.closest('li button[name="move"]');
    if (!button) return;
    event.preventDefault();
    const card = button.closest("li");
    const way = button.value.split(":", 1)[0];
    if (way === "add" && chosen.children.length < most) take(card);
    if (way === "remove") leave(card);
    if (way === "up" && card.previousElementSibling) chosen.insertBefore(card, card.previousElementSibling);
    if (way === "down" && card.nextElementSibling) chosen.insertBefore(card.nextElementSibling, card);
    settled(card);
    focusAfter(card, way);
  });

  let dragged = null;
  for (const card of chosen.children) card.draggable = true;
  chosen.addEventListener("dragstart", (event) => {
    dragged = event.target.closest("li");
    dragged.classList.add("eh-dragged");
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", "");
  });
  chosen.addEventListener("dragover", (event) => {
    if (!dragged) return;
    event.preventDefault();
    const over = event.target.closest(".eh-ranking-chosen > li");
    if (!over || over === dragged) return;
    const box = over.getBoundingClientRect();
    chosen.insertBefore(dragged, event.clientY < box.top + box.height / 2 ? over : over.nextElementSibling);
  });
  chosen.addEventListener("drop", (event) => event.preventDefault());
  chosen.addEventListener("dragend", () => {
    dragged.classList.remove("eh-dragged");
    settled(dragged);
    dragged = null;
  });

  function take(card) {
    card.draggable = true;
    chosen.append(card);
  }

  function leave(card) {
    card.draggable = false;
    available.prepend(card);
  }

  function settled(card) {
    const rank = [...chosen.children].indexOf(card) + 1;
    card.querySelector('input[type="hidden"]').disabled = rank === 0;
    for (const each of chosen.children) {
      each.querySelector(".eh-rank-up").disabled = !each.previousElementSibling;
      each.querySelector(".eh-rank-down").disabled = !each.nextElementSibling;
    }
    ranking.classList.toggle("eh-ranking-full", chosen.children.length >= most);
    ranking.querySelector(".eh-ranking-none").hidden = chosen.children.length > 0;
    const sentence = rank ? ranking.dataset.placed : ranking.dataset.removed;
    says.textContent = sentence.replace("{option}", card.dataset.option).replace("{rank}", rank);
  }

  // The pressed button may now be hidden; the keyboard must not be left nowhere.
  function focusAfter(card, way) {
    const wished = { add: "up", remove: "add" }[way] ?? way;
    const other = { up: "down", down: "up" }[wished] ?? "remove";
    for (const name of [wished, other, "remove", "add"]) {
      const button = card.querySelector(`.btn.eh-rank-${name}`);
      if (button && !button.disabled && button.offsetParent) {
        button.focus();
        return;
      }
    }
  }
}
