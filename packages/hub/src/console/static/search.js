// Completions in the search field, and picking rows. Without it the field takes the same text.
(() => {
  const input = document.getElementById('search');
  const list = document.getElementById('search-list');
  if (input === null || list === null) return;
  let offered = [];
  let at = -1;
  let asked = 0;

  input.role = 'combobox';
  input.ariaExpanded = 'false';
  input.setAttribute('aria-controls', list.id);
  input.setAttribute('aria-autocomplete', 'list');
  if (document.getElementById('search-error') !== null) {
    input.setAttribute('aria-invalid', 'true');
    input.setAttribute('aria-describedby', 'search-error');
  }

  function close() {
    offered = [];
    at = -1;
    list.hidden = true;
    input.ariaExpanded = 'false';
    input.removeAttribute('aria-activedescendant');
  }

  function draw() {
    list.replaceChildren(
      ...offered.map(({ insert, doc }, i) => {
        const item = document.createElement('li');
        item.id = `search-${i}`;
        item.role = 'option';
        item.ariaSelected = String(i === at);
        const what = document.createElement('code');
        what.textContent = insert;
        const says = document.createElement('span');
        says.className = 'suggestions-doc';
        says.textContent = doc;
        item.append(what, says);
        item.addEventListener('pointerdown', (event) => {
          event.preventDefault();
          take(i);
        });
        return item;
      }),
    );
    list.hidden = offered.length === 0;
    input.ariaExpanded = String(offered.length > 0);
    if (at < 0) input.removeAttribute('aria-activedescendant');
    else input.setAttribute('aria-activedescendant', `search-${at}`);
  }

  function take(i) {
    const { insert, from, to } = offered[i];
    input.setRangeText(insert, from, to, 'end');
    if (insert.endsWith(':')) void ask();
    else close();
  }

  async function ask() {
    asked += 1;
    const mine = asked;
    const query = new URLSearchParams({ q: input.value, at: String(input.selectionStart ?? 0) });
    const response = await fetch(`${input.dataset.suggest}?${query}`, {
      headers: { accept: 'application/json' },
    });
    const found = response.ok ? await response.json() : [];
    if (mine !== asked || document.activeElement !== input) return;
    offered = found;
    at = -1;
    draw();
  }

  let waiting;
  input.addEventListener('input', () => {
    clearTimeout(waiting);
    // Completions that can't be had are none.
    waiting = setTimeout(() => void ask().catch(close), 80);
  });
  input.addEventListener('blur', close);
  function walk(step) {
    at = at < 0 && step < 0 ? offered.length - 1 : (at + step + offered.length) % offered.length;
    draw();
  }

  function choose() {
    if (at < 0) return false;
    take(at);
    return true;
  }

  const keys = {
    Escape: close,
    ArrowDown: () => walk(1),
    ArrowUp: () => walk(-1),
    Enter: choose,
    Tab: choose,
  };
  input.addEventListener('keydown', (event) => {
    const act = offered.length > 0 ? keys[event.key] : undefined;
    if (act !== undefined && act() !== false) event.preventDefault();
  });

  // --- what a menu shows is fetched when it is first opened; where that fails, the link in its place stays.
  for (const part of document.querySelectorAll('details [data-fetch]')) {
    const load = async () => {
      const response = await fetch(part.dataset.fetch, { headers: { accept: 'text/html' } });
      if (response.ok) part.innerHTML = await response.text();
    };
    part
      .closest('details')
      .addEventListener('toggle', () => void load().catch(() => undefined), { once: true });
  }

  // --- one box picks all rows of the page.
  const head = document.querySelector('.nodes thead .c-pick');
  if (head !== null) {
    const box = document.createElement('input');
    box.type = 'checkbox';
    box.ariaLabel = 'Select all on this page';
    box.addEventListener('change', () => {
      for (const each of document.querySelectorAll('.nodes tbody .c-pick input')) each.checked = box.checked;
    });
    head.replaceChildren(box);
  }
})();
