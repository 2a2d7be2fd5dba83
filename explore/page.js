// SPDX-License-Identifier: GPL-2.0-only
// The page itself. What others have named gets into it as text alone.
import { load, words, table, decide, look, read, addressOf, bare } from './rule.js';
import { STACKS, NICS_MAX, ADDRESSES_MAX, ROUTES_MAX, tidy, copy, full, toText, fromText } from './state.js';
import { cases, cures } from './cases.js';
import { draw } from './picture.js';
import { commands } from './commands.js';

const LAST = Infinity;
let state, before, step = LAST, playing;

const $ = id => document.getElementById(id);

function el(name, more = {}, ...inner) {
	const element = document.createElement(name);
	for (const [key, value] of Object.entries(more)) {
		if (key.startsWith('on'))
			element.addEventListener(key.slice(2), value);
		else if (value === true)
			element.setAttribute(key, '');
		else if (value !== false && value !== undefined)
			element.setAttribute(key, value);
	}
	element.append(...inner);
	return element;
}

const button = (words, onclick, more = {}) => el('button', { type: 'button', onclick, ...more }, words);
const nbsp = '\u00a0';

// Takes a change over: @change gets a copy.
function changed(change) {
	const next = structuredClone(state);
	change(next);
	show(copy(next));
}

function show(next, isNew = false) {
	state = next;
	if (isNew)
		before = copy(state);
	stop();
	step = LAST;
	const known = cases.find(made => toText(made.state) === toText(state));
	history.replaceState(null, '', `#${known ? known.id : toText(state)}`);
	render();
}

function stop() {
	clearInterval(playing);
	playing = null;
}

const listed = names => names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
const sentence = text => text && `${text[0].toUpperCase()}${text.slice(1)}${text.endsWith('.') ? '' : '.'}`;

function egress(answer) {
	if (!answer)
		return 'no destination';
	if (answer.verdict === 'refuse')
		return 'refused';
	return listed(answer.names) || 'no route';
}

function choice(id, label, value, options, onchange) {
	return el('select', { id, 'aria-label': label, onchange: event => onchange(event.target.value) },
		...options.map(([key, words]) => el('option', { value: key, selected: `${key}` === `${value}` }, words)));
}

function renderCases() {
	$('cases').replaceChildren(...cases.map((made, i) => el('li', {}, button(`${i + 1}${nbsp}${made.title}`,
		() => show(copy(made.state), true),
		{ id: `case-${made.id}`, 'aria-current': toText(made.state) === toText(state) ? 'true' : undefined }))));
}

function renderQuestion(answer) {
	const { hosts, from } = state;
	const source = hosts[from], target = hosts[1 - from];
	const known = cases.find(made => toText(made.state) === toText(state));
	const tags = words.classes.map((name, i) => [i, name === 'none' ? 'untagged' :
		`${name} (${name === 'hot' ? 'memory, disk' : 'old snapshots'})`]);
	const goals = [...target.nics.map((nic, i) => [i, `${nic.name} of ${target.name}, ${bare(addressOf(nic, state.family) ?? 'no address')}`]),
		['other', 'another address']];
	const bindings = [['none', 'nothing'],
		...source.nics.flatMap((nic, i) => [[`address ${i}`, `the address of ${nic.name}`]]),
		...source.nics.flatMap((nic, i) => [[`device ${i}`, `the device ${nic.name}`]])];
	$('question').replaceChildren(
		...known ? [el('span', { class: 'case' }, known.says), ' '] : [],
		choice('from', 'source host', from, hosts.map((host, i) => [i, host.name]), value => changed(next => {
			next.from = +value;
			next.to = Math.min(next.to, next.hosts[1 - next.from].nics.length - 1);
		})),
		' sends a ',
		choice('tag', 'tag', state.tag, tags, value => changed(next => { next.tag = +value; })),
		' packet over ',
		choice('family', 'family', state.family, [[4, 'IPv4'], [6, 'IPv6']], value => changed(next => {
			next.family = +value;
			next.other = '';
		})),
		' to ',
		choice('to', 'destination', state.other ? 'other' : state.to, goals, value => changed(next => {
			next.other = value === 'other' ? (answer?.to ?? '192.0.2.1') : '';
			if (value !== 'other')
				next.to = +value;
		})),
		...state.other ? [' ', el('input', {
			type: 'text', id: 'other', 'aria-label': 'destination address', size: 18, maxlength: 45, value: state.other,
			'aria-invalid': answer ? undefined : 'true',
			onchange: event => changed(next => { next.other = event.target.value; }),
		})] : [],
		'; its socket is bound to ',
		choice('bind', 'bound to', state.bind === 'none' ? 'none' : `${state.bind} ${state.bound}`, bindings, value => changed(next => {
			const [kind, nic] = value.split(' ');
			next.bind = kind;
			next.bound = +(nic ?? 0);
		})),
		'. By which NIC does it leave?');
}

function renderAnswer(answer) {
	const source = state.hosts[state.from], target = state.hosts[1 - state.from];
	const lines = [];
	if (!answer) {
		lines.push(el('p', { class: 'verdict bad' }, 'There is no destination.'),
			el('p', {}, 'It has no address of that family, or what is written there is no address.'));
	} else if (step < answer.row) {
		const row = answer.rows[step - 1];
		lines.push(el('p', { class: 'verdict' }, `Row ${step} does not apply`),
			el('p', {}, sentence(row.why ?? '')), el('p', {}, 'The next row is tested.'));
	} else {
		const row = answer.rows[answer.row - 1];
		const refused = answer.verdict === 'refuse';
		lines.push(el('p', { class: `verdict ${refused || answer.bypasses || !answer.by.length ? 'bad' : ''}` },
			refused ? 'It is refused: nothing leaves.' : !answer.by.length ? 'No route: connect() fails.' :
			`It leaves by ${listed(answer.names)}.`));
		lines.push(el('p', {}, answer.verdict === 'pass' ?
			`Not touched by the rule: ${row.why}. ${state.bind === 'device' ? '' : 'Linux takes the longest prefix, and of several alike the first route.'}` :
			sentence(answer.says.replace(/ \(row [^)]*\)$/, ''))));
		lines.push(el('p', {}, `Row ${answer.row}, `, el('code', {}, row.reason),
			...answer.reason === row.reason ? [] : [', then ', el('code', {}, answer.reason)], '.'));
		if (answer.bypasses && !refused && !state.other && look(target).nics[state.to].carries)
			lines.push(el('p', { class: 'lesson' }, `The pitfall: the NIC that was set apart sends nothing. ${target.name} ` +
				'still receives on its own migration NIC, and looks healthy.'));
		else if (answer.bypasses && !refused)
			lines.push(el('p', { class: 'lesson' }, 'The pitfall: the NIC that was set apart sends nothing.'));
		else if (answer.flows?.length && answer.by.length > 1)
			lines.push(el('p', { class: 'lesson' }, `Of ${answer.flows.length} new flows ${listed(answer.by.map(i =>
				`${answer.flows.filter(flow => flow === i).length} leave by ${source.nics[i].name}`))}; each stays where it is.`));
		if (answer.source && !refused)
			lines.push(el('p', {}, `Its source address is ${answer.source}${answer.by.length && !answer.by.some(i =>
				answer.nics[i].addresses.some(a => bare(a.address) === answer.source)) ?
				`, which is not one of ${listed(answer.names)}: the rule chooses the NIC and leaves the address alone` : ''}.`,
			answer.verdict === 'pass' || answer.plain < 0 ? '' : ` Linux without the module would send by ${
				state.bind === 'device' ? source.nics[state.bound].name : source.nics[answer.plain].name}.`));
	}
	$('answer').replaceChildren(...lines);
	renderWalk(answer);
	renderCures(answer);
}

function take(next) {
	step = next;
	render();
}

function play(answer) {
	if (playing)
		return stop() ?? render();
	step = 1;
	playing = setInterval(() => {
		if (++step >= answer.row)
			stop();
		render();
	}, 700);
	render();
}

function renderWalk(answer) {
	const at = Math.min(step, answer?.row ?? 0);
	$('walk').replaceChildren(...!answer ? [] : [
		button('First row', () => { stop(); take(1); }, { id: 'first' }),
		button('Back', () => { stop(); take(Math.max(1, at - 1)); }, { id: 'back', disabled: at <= 1 }),
		button('Next row', () => { stop(); take(at + 1); }, { id: 'next', disabled: at >= answer.row }),
		button(playing ? 'Stop' : 'Play', () => play(answer), { id: 'play' })]);
}

function renderCures(answer) {
	const found = step < (answer?.row ?? 0) ? [] : cures(state, answer);
	$('cures').replaceChildren(...!found.length ? [] : [el('h3', {}, 'What cures it'), el('ul', {}, ...found.map((cure, i) =>
		el('li', {}, button(`${cure.title} → ${egress(cure.answer)}`, () => show(cure.state), { id: `cure-${i}` }))))]);
}

function renderRows(answer) {
	const at = Math.min(step, answer?.row ?? LAST);
	$('rows').replaceChildren(...words.rows.map(({ row, reason }) => {
		const told = table.get(reason);
		const why = row <= at && answer ? answer.rows[row - 1].why ?? '' : '';
		const applied = answer && row === answer.row && at === row;
		const classes = applied ? 'applied' : row === at ? 'looked' : answer && row > at ? 'unread' : '';
		return el('li', {
			class: classes, id: `row-${row}`, 'aria-current': row === at && answer ? 'step' : undefined,
			onclick: () => { stop(); take(Math.min(row, answer?.row ?? row)); },
		}, el('span', { class: 'number' }, `${row}`), el('span', { class: 'reason' }, reason),
		el('span', { class: 'condition' }, `${told?.condition ?? ''} → ${told?.egress ?? ''}`),
		el('span', { class: 'why' }, why && `${applied ? '✓ applies:' : '✗'} ${why}`));
	}));
}

function onRowsKey(event) {
	const answer = decide(state);
	if (!answer)
		return;
	const at = Math.min(step, answer.row);
	const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 1, End: answer.row }[event.key];
	if (next === undefined)
		return;
	event.preventDefault();
	stop();
	take(Math.max(1, Math.min(next, answer.row)));
}

function renderCompare() {
	const tags = words.classes.map((name, i) => [name, i]).filter(([name]) => name !== 'none');
	const cell = answer => [el('strong', {}, egress(answer)), ' ',
		el('code', {}, answer?.reason ?? '')];
	$('compare').replaceChildren(
		el('table', {},
			el('thead', {}, el('tr', {}, ...['', 'before', 'now'].map(head => el('th', { scope: 'col' }, head)))),
			el('tbody', {}, ...tags.map(([name, tag]) => el('tr', {}, el('th', { scope: 'row', class: name }, `${name} leaves by`),
				...[before, state].map(which => el('td', {}, ...cell(decide(which, tag)))))))),
		el('div', { class: 'buttons' },
			button('Take what is now as before', () => { before = copy(state); render(); }, { id: 'pin' }),
			button('Go back to before', () => show(copy(before)), { id: 'undo', disabled: toText(before) === toText(state) })));
}

function check(id, words, on, onchange, more = {}) {
	return el('label', {}, el('input', { type: 'checkbox', id, checked: on, onchange: event => onchange(event.target.checked), ...more }), ` ${words}`);
}

function field(id, words, values, wrong, onchange) {
	return el('label', {}, words, el('input', {
		type: 'text', id, value: values.join(' '), maxlength: 300, spellcheck: 'false', autocomplete: 'off',
		'aria-invalid': values.some(value => wrong.includes(value)) ? 'true' : undefined,
		onchange: event => onchange(event.target.value.split(/[\s,]+/)),
	}));
}

function nicEditor(host, at, i, seen) {
	const nic = host.nics[i], id = `${at}-${i}-`;
	const edit = change => changed(next => change(next.hosts[at].nics[i], next.hosts[at]));
	const swap = j => changed(next => {
		const { nics } = next.hosts[at];
		[nics[i], nics[j]] = [nics[j], nics[i]];
		const other = { [i]: j, [j]: i };
		const moved = k => other[k] ?? k;
		next.hosts[at].first = moved(host.first);
		if (at === next.from)
			next.bound = moved(state.bound);
		else
			next.to = moved(state.to);
	});
	return el('fieldset', {}, el('legend', {}, nic.name),
		check(`${id}vmk`, 'registered with migsel (a vmk)', nic.vmk, on => edit(n => { n.vmk = on; })),
		check(`${id}migration`, 'migration (vMotion)', nic.stack === 1 || nic.stack === 0 && nic.migration,
			on => edit(n => { n.migration = on; }), { disabled: !nic.vmk || nic.stack !== 0 }),
		check(`${id}provisioning`, 'provisioning (cold)', nic.provisioning, on => edit((n, h) => {
			h.nics.forEach(other => { other.provisioning = false; });
			n.provisioning = on;
		}), { disabled: !nic.vmk || nic.stack !== 0 }),
		el('label', {}, 'TCP/IP stack ', choice(`${id}stack`, `stack of ${nic.name}`, nic.stack, STACKS.map((name, s) => [s, name]),
			value => edit(n => { n.stack = +value; }))),
		check(`${id}up`, 'link up', !nic.down, on => edit(n => { n.down = !on; })),
		check(`${id}first`, 'its routes come first', host.first === i, on => edit((n, h) => { h.first = on ? i : 0; })),
		field(`${id}addresses`, 'addresses, with their lengths', nic.addresses, seen.wrong, list => edit(n => { n.addresses = list; })),
		field(`${id}routes`, 'more routes by it (0.0.0.0/0: a default route)', nic.routes, seen.wrong, list => edit(n => { n.routes = list; })),
		el('div', { class: 'buttons' },
			button('Earlier', () => swap(i - 1), { id: `${id}earlier`, disabled: i === 0, 'aria-label': `${nic.name} earlier` }),
			button('Later', () => swap(i + 1), { id: `${id}later`, disabled: i === host.nics.length - 1, 'aria-label': `${nic.name} later` }),
			button('Remove', () => changed(next => {
				next.hosts[at].nics.splice(i, 1);
				if (next.hosts[at].first >= i && next.hosts[at].first)
					next.hosts[at].first--;
			}), { id: `${id}remove`, disabled: host.nics.length === 1, 'aria-label': `remove ${nic.name}` })));
}

function renderEditors(seen) {
	$('editors').replaceChildren(...state.hosts.map((host, at) => el('section', { class: 'editor', 'aria-label': host.name },
		el('h3', {}, `${host.name}${at === state.from ? ', the source: it decides' : ', the destination'}`),
		check(`${at}-strict`, 'fallback strict: keep to the migration NIC (not on ESXi)', host.strict,
			on => changed(next => { next.hosts[at].strict = on; })),
		el('div', { class: 'nics' }, ...host.nics.map((_, i) => nicEditor(host, at, i, seen[at]))),
		seen[at].wrong.length ? el('p', { class: 'bad' }, `No address, or no route: ${seen[at].wrong.join(', ')}`) : '',
		el('div', { class: 'buttons' }, button('Add a NIC', () => changed(next => {
			const i = host.nics.length;
			next.hosts[at].nics.push({ name: `vmk${i}`, vmk: true, stack: 0, addresses: [`192.0.2.${at + 1}${i}/24`, `2001:db8::${at + 1}${i}/64`] });
		}), { id: `${at}-add`, disabled: full(host), 'aria-label': `add a NIC to ${host.name}` })))));
}

function render() {
	const focused = document.activeElement?.id;
	const answer = decide(state);
	const seen = state.hosts.map(host => look(host, state.family));
	if (answer)
		answer.kind = words.classes[state.tag];
	renderCases();
	renderQuestion(answer);
	$('picture').replaceChildren(draw(state, answer, seen, step, (at, i) => $(`${at}-${i}-vmk`).focus()));
	renderAnswer(answer);
	renderRows(answer);
	renderCompare();
	renderEditors(seen);
	$('commands').textContent = commands(state, answer).join('\n');
	if (focused && $(focused) && $(focused) !== document.activeElement) {
		// A button that has become useless hands over to its neighbour.
		const lost = $(focused).disabled;
		(lost ? $('first') : $(focused)).focus({ preventScroll: true });
	}
}

// The source host becomes what was pasted, and the other one is made after it.
function takePasted() {
	const { hosts, complaints } = read($('pasted').value);
	const lines = complaints ? complaints.split('\n').slice(0, 12).map(text => el('li', {}, text)) : [];
	const notes = [];
	const found = hosts[0];
	if (found && !found.nics.length)
		lines.push(el('li', {}, `Of ${found.name.slice(0, 80)} no NIC is told: paste what esxcfg-vmknic -l prints there.`));
	else if (found && isTooLarge(found))
		lines.push(el('li', {}, `The page shows at most ${NICS_MAX} NICs, with ${ADDRESSES_MAX} addresses and ${ROUTES_MAX} routes each: migsel explain answers for such a host.`));
	else if (found) {
		const isUntold = found.is_esxi && found.nics.some(nic => nic.is_vmk && nic.stack === 0 && nic.migration === null) &&
			!found.nics.some(nic => nic.is_vmk && nic.stack === 1);
		notes.push(`${found.name.slice(0, 80)} was read, as the source host. The other host is made up: the same, with other addresses.`);
		if (hosts.length > 1)
			notes.push(`There were ${hosts.length} hosts; this is the first one.`);
		if (isUntold)
			notes.push('Which vmk carries vMotion was not told: tick it in “The hosts”, or paste the tags, too.');
		const nics = found.nics.map(nic => ({ ...nic, vmk: nic.is_vmk, migration: nic.migration === true, provisioning: nic.provisioning === true, down: nic.is_down }))
			.sort((a, b) => found.is_esxi ? a.name.localeCompare(b.name, 'en', { numeric: true }) : 0);
		const next = structuredClone(state);
		const taken = new Set(nics.flatMap(nic => nic.addresses.map(bare)));
		const peer = nics.map(nic => ({ ...nic, addresses: nic.addresses.map(address => neighbour(address, taken)) }));
		next.hosts[next.from] = { strict: found.is_strict, first: 0, nics };
		next.hosts[1 - next.from] = { strict: found.is_strict, first: 0, nics: peer };
		next.to = Math.max(0, look(tidy(next).hosts[1 - next.from]).nics.findIndex(nic => nic.carries));
		next.family = nics.length && !addressOf(nics[next.to], 4) ? 6 : 4;
		next.other = '';
		next.tag = words.classes.indexOf('hot');
		next.bind = 'none';
		show(tidy(next), true);
		const answer = decide(state);
		if (answer && !isUntold)
			notes.push(sentence(answer.says));
	}
	$('complaints').replaceChildren(...notes.map(text => el('p', {}, text)),
		lines.length ? el('ul', { class: 'bad' }, ...lines) : '');
	if (!hosts.length && !lines.length)
		$('complaints').append(el('p', { class: 'bad' }, 'Nothing was found there that describes a host.'));
}

const isTooLarge = host => host.nics.length > NICS_MAX ||
	host.nics.some(nic => nic.addresses.length > ADDRESSES_MAX || nic.routes.length > ROUTES_MAX);

// The next address of the subnet that nobody has, which is taken then; where there is none,
// that of another subnet.
function neighbour(address, taken) {
	const [own, length] = address.split('/');
	const isIPv6 = own.includes(':');
	const size = isIPv6 ? 65536 : 256;
	const subnet = isIPv6 ? size : Math.min(size, 2 ** (32 - length));
	const part = isIPv6 ? /[0-9a-f]*$/i : /[0-9]+$/;
	const last = parseInt(part.exec(own)[0] || '0', isIPv6 ? 16 : 10);
	for (let n = 1; n < size; n++) {
		const next = (last + n) % size;
		const text = own.replace(part, next.toString(isIPv6 ? 16 : 10));
		// Neither the address of a subnet nor its broadcast, nor one that is there.
		if (subnet > 2 && (next % subnet === 0 || next % subnet === subnet - 1) || taken.has(text))
			continue;
		taken.add(text);
		return `${text}/${length}`;
	}
	return address;
}

function fromBar() {
	let text = location.hash.slice(1);
	try {
		text = decodeURIComponent(text);
	} catch {
		text = '';
	}
	const made = cases.find(one => one.id === text);
	// What a newcomer has to see first is the pitfall.
	show(made ? copy(made.state) : fromText(text) ?? copy(cases[1].state), true);
}

await load();
$('rows').addEventListener('keydown', onRowsKey);
$('read').addEventListener('click', takePasted);
addEventListener('hashchange', fromBar);
fromBar();
$('page').hidden = false;
$('alone').remove();
// For tests: what the page would say of any state.
globalThis.explore = { ask: decide, get state() { return state; }, tidy, toText, fromText };
