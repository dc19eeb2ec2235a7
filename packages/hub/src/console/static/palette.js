// Ctrl-K or Cmd-K: goes to a page, a node or an action. `?`: the keys. Pages and actions are read from the page itself.
(() => {
  const palette = document.getElementById('palette');
  const keys = document.getElementById('keys');
  const input = document.getElementById('palette-input');
  const list = document.getElementById('palette-list');
  const MOST = 12;
  let shown = [];
  let at = 0;
  let asked;

  function pages() {
    return [...document.querySelectorAll('.nav a, .scope-menu a')].map((link) => ({
      word: link.textContent,
      kind: 'page',
      open: () => location.assign(link.href),
    }));
  }

  function actions() {
    const forms = [...document.querySelectorAll('.scope-menu button, button[data-palette]')].map(
      (button) => ({
        word: button.dataset.palette ?? button.textContent,
        kind: 'action',
        open: () => button.form.requestSubmit(button),
      }),
    );
    return [
      ...forms,
      {
        word: 'Copy the address of this page',
        kind: 'action',
        open: () => navigator.clipboard.writeText(location.href),
      },
      { word: 'Keyboard', kind: 'action', open: () => keys.showModal() },
    ];
  }

  // The letters in order, the closer together and the earlier the better; 0 is no match.
  function score(word, query) {
    const text = word.toLowerCase();
    const whole = text.indexOf(query);
    if (whole >= 0) return 1_000 - whole;
    let from = 0;
    for (const letter of query) {
      from = text.indexOf(letter, from) + 1;
      if (from === 0) return 0;
    }
    return 100 - from;
  }

  function draw() {
    list.replaceChildren(
      ...shown.map(({ word, kind, detail }, i) => {
        const item = document.createElement('li');
        item.id = `palette-${i}`;
        item.role = 'option';
        item.ariaSelected = String(i === at);
        const name = document.createElement('span');
        name.textContent = word;
        const what = document.createElement('span');
        what.className = 'palette-kind';
        what.textContent = detail ?? kind;
        item.append(name, what);
        return item;
      }),
    );
    if (shown.length > 0) input.setAttribute('aria-activedescendant', `palette-${at}`);
    else input.removeAttribute('aria-activedescendant');
    list.children[at]?.scrollIntoView({ block: 'nearest' });
  }

  function match(nodes) {
    const query = input.value.trim().toLowerCase();
    const local = [...pages(), ...actions()]
      .map((entry) => ({ ...entry, score: score(entry.word, query) }))
      .filter((entry) => entry.score > 0)
      .sort((a, b) => b.score - a.score);
    const search = {
      word: `Search nodes for “${input.value.trim()}”`,
      kind: 'search',
      open: () => location.assign(`${palette.dataset.nodes}?q=${encodeURIComponent(input.value.trim())}`),
    };
    shown = [...nodes, ...local].slice(0, MOST);
    if (query !== '') shown.push(search);
    at = Math.min(at, shown.length - 1);
    draw();
  }

  async function suggest() {
    const query = input.value.trim();
    asked?.abort();
    at = 0;
    match([]);
    if (query === '') return;
    asked = new AbortController();
    const url = `${palette.dataset.suggest}?q=${encodeURIComponent(query)}`;
    const response = await fetch(url, { signal: asked.signal, headers: { accept: 'application/json' } });
    if (!response.ok) return;
    const { nodes } = await response.json();
    match(
      nodes.map(({ label, state, nodeId }) => ({
        word: label,
        kind: 'node',
        detail: state,
        open: () => location.assign(`${palette.dataset.nodes}/${nodeId}`),
      })),
    );
  }

  function show() {
    const search = document.getElementById('search');
    input.value = document.activeElement === search ? search.value : '';
    if (!palette.open) palette.showModal();
    input.focus();
    refresh();
  }

  function refresh() {
    // Pages and actions stay where nodes can't be asked for.
    suggest().catch(() => undefined);
  }

  function choose(i) {
    const entry = shown[i];
    if (entry === undefined) return;
    palette.close();
    entry.open();
  }

  const moves = { ArrowDown: 1, ArrowUp: -1 };
  input.addEventListener('input', refresh);
  input.addEventListener('keydown', (event) => {
    if (event.isComposing) return;
    if (event.key in moves && shown.length > 0) {
      event.preventDefault();
      at = (at + moves[event.key] + shown.length) % shown.length;
      draw();
    } else if (event.key === 'Enter') {
      event.preventDefault();
      choose(at);
    }
  });
  list.addEventListener('click', (event) => choose([...list.children].indexOf(event.target.closest('li'))));
  // A click beside the dialog lands on its backdrop, which is the dialog itself.
  for (const dialog of [palette, keys])
    dialog.addEventListener('click', (event) => event.target === dialog && dialog.close());

  document.addEventListener('keydown', (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === 'k') {
      event.preventDefault();
      if (palette.open) palette.close();
      else show();
    }
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
    if (event.key === '?' && !typing && !event.ctrlKey && !event.metaKey && !keys.open) keys.showModal();
  });
})();
