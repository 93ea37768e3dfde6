'use strict';
// Shows the record in the element `data`. All strings become text nodes, never markup. A folded part is built when it is opened.
(() => {
  const record = JSON.parse(document.getElementById('data').textContent);
  const length = Math.max(1, record.end - record.begin);
  const make = (tag, name, text) => {
    const element = document.createElement(tag);
    if (name) element.className = name;
    if (text !== undefined) element.textContent = text;
    return element;
  };
  const time = (ms) => ms < 1000 ? `${ms} ms` : ms < 60000 ? `${(ms / 1000).toFixed(1)} s`
    : `${Math.floor(ms / 60000)} min ${String(Math.floor(ms / 1000) % 60).padStart(2, '0')} s`;
  const plain = (line) => line.replace(/\x1b\[[0-9;]*m/g, '');
  const only = document.getElementById('failed');
  // The search word, in lower case.
  let word = '';
  // The text of each action and of each server's part, in lower case; made at the first search.
  const texts = new Map();
  const searched = (of, make) => {
    if (!texts.has(of)) texts.set(of, make().toLowerCase());
    return texts.get(of);
  };
  const partHas = (part) => searched(part, () => [part.server, part.said, ...part.lines.map((line) => plain(line.slice(1)))].join('\n')).includes(word);
  const commandHas = (action) => searched(action, () => action.command).includes(word);

  // Appends a line, with its terminal styles as classes.
  const styled = (into, text) => {
    let style = new Set();
    for (const part of text.split(/(\x1b\[[0-9;]*m)/)) {
      const found = /^\x1b\[([0-9;]*)m$/.exec(part);
      if (!found) {
        if (part) into.append(style.size ? make('span', [...style].join(' '), part) : part);
        continue;
      }
      for (const number of found[1].split(';')) {
        if (number === '' || number === '0') style = new Set();
        else if (number === '1') style.add('b');
        else if (number === '2') style.add('d');
        else if (number === '4') style.add('u');
        else if (number === '22') { style.delete('b'); style.delete('d'); }
        else { for (const name of style) if (name[0] === 'c') style.delete(name); style.add('c' + number); }
      }
    }
  };
  const output = (part) => {
    const pre = make('pre');
    // A long output scrolls, so the keyboard must be able to reach it.
    if (part.lines.length > 20) {
      pre.tabIndex = 0;
      pre.setAttribute('role', 'region');
      pre.setAttribute('aria-label', `output of ${part.server}`);
    }
    for (const line of part.lines) {
      const row = make('span', line[0] === 'e' ? 'err' : line[0] === 'x' ? 'left' : '');
      styled(row, line.slice(1));
      pre.append(row, '\n');
    }
    return pre;
  };
  // Marks the lines that contain the search word.
  const mark = (pre) => {
    for (const row of pre.children) row.classList.toggle('found', Boolean(word) && row.textContent.toLowerCase().includes(word));
  };
  const bar = (track, begin, end, name) => {
    const piece = make('span', name);
    piece.style.left = `${(begin - record.begin) / length * 100}%`;
    piece.style.width = `${Math.max(0, end - begin) / length * 100}%`;
    track.append(piece);
  };
  const row = (mark, what, who, ms) => {
    const line = make('span', 'row');
    const sign = make('span', mark === '✗' ? 'bad' : mark === '✓' ? 'good' : 'dim', mark);
    sign.setAttribute('aria-hidden', 'true');
    const track = make('span', 'track');
    track.setAttribute('aria-hidden', 'true');
    const command = make('span', 'what', what);
    command.title = what;
    line.append(sign, command, make('span', 'who', who), make('span', 'time', ms === null ? '' : time(ms)), track);
    return [line, track];
  };
  // Builds the content of a details element when it is opened for the first time.
  const lazy = (details, build) => {
    let built = false;
    const open = () => {
      if (!built) { built = true; details.append(build()); }
    };
    details.addEventListener('toggle', () => { if (details.open) open(); });
    details.build = open;
  };

  const serverOf = (action, part) => {
    const details = make('details');
    const end = part.end ?? action.end ?? record.end;
    const told = part.failed ? part.said || 'failed' : part.end === null ? 'not ended' : part.said;
    const waited = action.end !== null && part.end !== null ? action.end - part.end : 0;
    const who = [told, waited > 200 ? `waited ${time(waited)}` : '', part.taken ? 'output taken by the recipe' : part.lines.length ? '' : 'no output']
      .filter(Boolean).join(', ');
    const [line, track] = row(part.failed ? '✗' : part.end === null ? '…' : '✓', part.server, who, end - part.begin);
    bar(track, part.begin, end, part.failed ? 'failed' : '');
    if (waited > 0) bar(track, part.end, action.end, 'waited');
    const summary = make('summary');
    summary.append(line);
    if (part.failed) summary.append(make('span', 'unseen', ' failed'));
    details.append(summary);
    lazy(details, () => part.lines.length ? output(part) : make('p', 'dim', 'It said nothing.'));
    if (part.failed || action.servers.length === 1) details.open = true;
    details.shows = part;
    return details;
  };
  // Shows the servers of an action that contain the search word, and opens up to 20 of them. All are shown if only its command contains it.
  // With `only what failed`, only the failed ones are shown.
  const narrow = (servers, action) => {
    const all = !word || commandHas(action) && !action.servers.some(partHas);
    let left = 20;
    for (const details of servers.children) {
      const fits = (all || partHas(details.shows)) && (!only.checked || details.shows.failed);
      details.hidden = !fits;
      if (word && !all && fits && left > 0) { left -= 1; details.open = true; details.build(); }
      const pre = details.querySelector('pre');
      if (pre) mark(pre);
    }
  };

  const boxes = [];
  const actionOf = (action) => {
    const details = make('details', 'action');
    const failed = action.servers.filter((part) => part.failed).length;
    const ended = action.end !== null;
    const count = action.servers.length;
    const slowest = action.servers.reduce((a, b) => (b.end ?? 0) > (a?.end ?? 0) ? b : a, null);
    const held = slowest && count > 2 && slowest.end !== null
      && action.servers.filter((part) => part.end !== null && slowest.end - part.end > 500).length >= count - 1;
    const who = action.local ? 'here' : failed ? `${failed} of ${count} failed` : count === 1 ? action.servers[0].server
      : held ? `${count}, slowest ${slowest.server}` : `${count} servers`;
    const first = action.command.split('\n')[0];
    const what = first.startsWith(action.verb) ? first : `${action.verb} ${first}`;
    const [line, track] = row(failed ? '✗' : ended ? '✓' : '…', what, who, (action.end ?? record.end) - action.begin);
    bar(track, action.begin, action.end ?? record.end, failed ? 'failed' : '');
    const summary = make('summary');
    summary.append(line);
    if (failed) summary.append(make('span', 'unseen', ' failed'));
    details.append(summary);
    lazy(details, () => {
      const inside = make('div', 'inside');
      if (action.command.includes('\n') || action.command.length > 60) inside.append(make('pre', '', action.command));
      if (action.options.length) {
        const list = make('dl');
        for (const [name, value] of action.options) list.append(make('dt', '', name), make('dd', '', value));
        inside.append(list);
      }
      const servers = make('div', 'servers');
      // The failed servers come first; the others keep the order of the recipe.
      const ordered = [...action.servers].sort((a, b) => b.failed - a.failed);
      for (const part of ordered) servers.append(serverOf(action, part));
      details.servers = servers;
      if (word || only.checked) narrow(servers, action);
      inside.append(servers);
      return inside;
    });
    // Browsers skip drawing actions outside the window; they need an estimate of the height.
    details.addEventListener('toggle', () => { details.style.containIntrinsicHeight = `auto ${details.open ? 4 + 1.75 * count : 1.9}rem`; });
    if (failed) details.open = true;
    boxes.push({ details, action, failed: failed > 0 });
    return details;
  };

  // The elements of each task, in the order of time: nested tasks, actions and remarks.
  const inside = new Map();
  const put = (task, at, element) => {
    const key = task ?? -1;
    if (!inside.has(key)) inside.set(key, []);
    inside.get(key).push([at, element]);
  };
  const remarks = [];
  const tasks = record.tasks.map((task) => {
    const box = make('div', 'task');
    box.setAttribute('role', 'group');
    box.setAttribute('aria-label', `task ${task.name}${task.ok === false ? ', failed' : ''}`);
    const name = make('div', 'name');
    const sign = make('span', task.ok === false ? 'bad' : task.ok ? 'good' : 'dim', task.ok === false ? '✗' : task.ok ? '✓' : '…');
    name.append(sign, make('span', '', task.name), make('span', 'dim', time((task.end ?? record.end) - task.begin)));
    if (task.ok === false) name.append(make('span', 'bad', 'failed'));
    box.append(name);
    put(task.parent, task.order, box);
    return box;
  });
  for (const action of record.actions) put(action.task, action.order, actionOf(action));
  for (const remark of record.remarks) {
    const element = make('div', `remark ${remark.kind}`);
    styled(element, remark.text);
    remarks.push({ element, text: plain(remark.text).toLowerCase() });
    put(remark.task, remark.order, element);
  }
  const root = document.getElementById('run');
  for (const [key, elements] of inside) {
    elements.sort((a, b) => a[0] - b[0]);
    (key < 0 ? root : tasks[key]).append(...elements.map(([, element]) => element));
  }
  if (!record.actions.length && !record.tasks.length) root.append(make('p', 'dim', 'No task ran.'));

  const search = document.getElementById('search');
  const found = document.getElementById('found');
  const filter = () => {
    word = search.value.trim().toLowerCase();
    let shown = 0;
    for (const { details, action, failed } of boxes) {
      const fits = (!only.checked || failed) && (!word || commandHas(action) || action.servers.some(partHas));
      details.hidden = !fits;
      if (fits) shown += 1;
      if (fits && details.servers) narrow(details.servers, action);
    }
    for (const { element, text } of remarks) element.hidden = only.checked || Boolean(word) && !text.includes(word);
    const isFiltered = word || only.checked;
    for (let at = tasks.length - 1; at >= 0; at -= 1) {
      tasks[at].hidden = Boolean(isFiltered) && ![...tasks[at].children].some((child) => child.className !== 'name' && !child.hidden);
    }
    found.textContent = isFiltered ? `${shown} of ${boxes.length} commands` : '';
  };
  let later;
  search.addEventListener('input', () => { clearTimeout(later); later = setTimeout(filter, 150); });
  // Enter opens the first command that was found.
  search.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter') return;
    // Otherwise the same key press would fold the element that gets the focus.
    event.preventDefault();
    clearTimeout(later);
    filter();
    const first = boxes.find(({ details }) => !details.hidden);
    if (!word || !first) return;
    first.details.open = true;
    first.details.build();
    first.details.querySelector('summary').focus();
  });
  only.addEventListener('change', filter);
  const commands = (open) => { for (const { details } of boxes) if (!details.hidden) details.open = open; };
  const outputs = () => {
    commands(true);
    for (const { details } of boxes) {
      if (details.hidden) continue;
      details.build();
      for (const part of details.servers.children) if (!part.hidden) { part.open = true; part.build(); }
    }
  };
  document.getElementById('open').addEventListener('click', () => commands(true));
  document.getElementById('outputs').addEventListener('click', outputs);
  document.getElementById('close').addEventListener('click', () => commands(false));
  // A print has the open parts, and always the failed ones.
  addEventListener('beforeprint', () => {
    for (const { details, failed } of boxes) if (failed && !details.hidden) { details.open = true; details.build(); }
  });
  document.getElementById('controls').hidden = false;
})();
