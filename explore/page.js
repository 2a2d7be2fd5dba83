// SPDX-License-Identifier: GPL-2.0-only
// The page itself. What others have named gets into it as text alone.
import { load, words, table, decide, look, read } from './rule.js';
import { tidy, copy, toText, fromText } from './state.js';
import { cases, cures } from './cases.js';
import { draw } from './picture.js';
import { commands } from './commands.js';
import { el, button, fill } from './dom.js';
import { question, verdict, egress, sentence } from './answer.js';
import { editors } from './editors.js';
import { pasted } from './paste.js';

const LAST = Infinity;
let state, before, step = LAST, playing;

const $ = id => document.getElementById(id);
const nbsp = '\u00a0';
const caseOf = one => cases.find(made => toText(made.state) === toText(one));

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
	say('');
	history.replaceState(null, '', `#${caseOf(state)?.id ?? toText(state)}`);
	render();
}

function say(line) {
	$('notice').textContent = line;
}

function stop() {
	clearInterval(playing);
	playing = null;
}

function take(next) {
	stop();
	step = next;
	render();
}

function play(answer) {
	if (playing) {
		stop();
	} else {
		step = 1;
		playing = setInterval(() => {
			if (++step >= answer.row)
				stop();
			render();
		}, 700);
	}
	render();
}

function renderCases() {
	const known = caseOf(state);
	fill($('cases'), ...cases.map((made, i) => el('li', {}, button(`${i + 1}${nbsp}${made.title}`,
		() => show(copy(made.state), true), { id: `case-${made.id}`, 'aria-current': made === known ? 'true' : undefined }))));
}

function renderAnswer(answer, seen) {
	const { line, isBad, more } = verdict(state, seen, answer);
	const walks = answer && step < answer.row;
	if (walks)
		fill($('answer'), el('p', { class: 'verdict' }, `Row ${step} does not apply`),
			el('p', {}, sentence(answer.rows[step - 1].why)), el('p', {}, 'The next row is tested.'));
	else
		fill($('answer'), el('p', { class: isBad ? 'verdict bad' : 'verdict' }, line), ...more);
	// Whoever hears the page is told each step that is taken, and of a play its end.
	if (!playing)
		$('said').textContent = walks ? `Row ${step} does not apply: ${answer.rows[step - 1].why}.` :
			`${line}${answer ? ` Row ${answer.row}, ${answer.reason}.` : ''}`;
	renderWalk(answer);
	renderCures(walks ? [] : cures(state, answer));
}

function renderWalk(answer) {
	const at = Math.min(step, answer?.row ?? 0);
	fill($('walk'), ...!answer ? [] : [
		button('First row', () => take(1), { id: 'first' }),
		button('Back', () => take(at - 1), { id: 'back', useless: at <= 1 }),
		button('Next row', () => take(at + 1), { id: 'next', useless: at >= answer.row }),
		button(playing ? 'Stop' : 'Play', () => play(answer), { id: 'play' })]);
}

function renderCures(found) {
	fill($('cures'), ...!found.length ? [] : [el('h3', {}, 'What cures it'), el('ul', {}, ...found.map((cure, i) =>
		el('li', {}, button(`${cure.title} → ${egress(cure.answer)}`, () => show(cure.state), { id: `cure-${i}` }))))]);
}

function renderRows(answer) {
	const at = Math.min(step, answer?.row ?? LAST);
	if (answer)
		$('rows').setAttribute('aria-activedescendant', `row-${at}`);
	else
		$('rows').removeAttribute('aria-activedescendant');
	fill($('rows'), ...words.rows.map(({ row, reason }) => {
		const told = table.get(reason);
		const why = row <= at && answer ? answer.rows[row - 1].why ?? '' : '';
		const applied = answer && row === answer.row && at === row;
		const classes = applied ? 'applied' : row === at ? 'looked' : answer && row > at ? 'unread' : '';
		return el('li', {
			class: classes, id: `row-${row}`, role: 'option', 'aria-selected': `${row === at && !!answer}`,
			onclick: () => take(Math.min(row, answer?.row ?? row)),
		}, el('span', { class: 'number' }, `${row}`), ' ', el('span', { class: 'reason' }, reason), ' ',
		el('span', { class: 'condition' }, `${told?.condition ?? ''} → ${told?.egress ?? ''}`), ' ',
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
	take(Math.max(1, Math.min(next, answer.row)));
}

function renderCompare() {
	const tags = words.classes.map((name, i) => [name, i]).filter(([name]) => name !== 'none');
	const cell = answer => [el('strong', {}, egress(answer)), ' ', el('code', {}, answer?.reason ?? ''), answer?.pitfall ? ', the pitfall' : ''];
	fill($('compare'),
		el('table', {},
			el('thead', {}, el('tr', {}, ...['', 'before', 'now'].map(head => el(head ? 'th' : 'td', head ? { scope: 'col' } : {}, head)))),
			el('tbody', {}, ...tags.map(([name, tag]) => el('tr', {}, el('th', { scope: 'row', class: name }, `${name} leaves by`),
				...[before, state].map(which => el('td', {}, ...cell(decide(which, tag)))))))),
		el('div', { class: 'buttons' },
			button('Take what is now as before', () => { before = copy(state); render(); }, { id: 'pin', useless: toText(before) === toText(state) }),
			button('Go back to before', () => show(copy(before)), { id: 'undo', useless: toText(before) === toText(state) })));
}

function render() {
	const focused = document.activeElement, section = focused?.closest('section');
	const answer = decide(state);
	const seen = state.hosts.map(host => look(host, state.family));
	renderCases();
	fill($('question'), ...question(state, seen, caseOf(state), answer, changed));
	fill($('picture'), draw(state, answer, words.classes[state.tag], seen, step, (at, i) => $(`${at}-${i}-vmk`).focus()));
	renderAnswer(answer, seen);
	renderRows(answer);
	renderCompare();
	fill($('editors'), ...editors(state, seen, { changed, say, focus: id => $(id).focus() }));
	$('commands').textContent = commands(state, answer).join('\n');
	// What is there no more hands over to what it belonged to.
	if (section && !focused.isConnected)
		section.querySelector('h2, h3').focus();
}

function takePasted() {
	const { next, notes, bad } = pasted($('pasted').value, state);
	if (next)
		show(next, true);
	$('complaints').replaceChildren(...notes.map(text => el('p', {}, text)),
		bad.length ? el('ul', { class: 'bad' }, ...bad.map(text => el('li', {}, text))) : '');
}

function fromBar() {
	let text = location.hash.slice(1);
	try {
		text = decodeURIComponent(text);
	} catch {
		text = 'damaged';
	}
	const made = cases.find(one => one.id === text);
	const told = made ? copy(made.state) : fromText(text);
	// What a newcomer has to see first is the pitfall.
	show(told ?? copy(cases[1].state), true);
	if (text && !told)
		say('The link says nothing that this page knows: this is the pitfall instead.');
	else if (!made && told && toText(told) !== text)
		say('The link is damaged: this is what could be read of it.');
}

await load();
$('rows').addEventListener('keydown', onRowsKey);
$('read').addEventListener('click', takePasted);
addEventListener('hashchange', fromBar);
fromBar();
$('page').hidden = false;
$('alone').remove();
// For tests: what the page would say of any state.
globalThis.explore = { ask: decide, cures, look, read, get state() { return state; }, tidy, toText, fromText };
