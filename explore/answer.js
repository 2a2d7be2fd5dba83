// SPDX-License-Identifier: GPL-2.0-only
// What is asked, and what is answered, in words.
import { words } from './rule.js';
import { sendFrom } from './state.js';
import { el, choice } from './dom.js';

const listed = names => names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
export const sentence = text => text && `${text[0].toUpperCase()}${text.slice(1)}${text.endsWith('.') ? '' : '.'}`;

// By what it leaves, in a word or two.
export function egress(answer) {
	if (!answer)
		return 'no destination';
	if (answer.verdict === 'refuse')
		return 'refused';
	return listed(answer.names) || (answer.plain.way === 'host' ? 'the host itself' : 'no route');
}

export function question(state, seen, known, answer, changed) {
	const { hosts, from } = state;
	const source = hosts[from], target = hosts[1 - from];
	const tags = words.classes.map((name, i) => [i, name === 'none' ? 'untagged' :
		`${name} (${name === 'hot' ? 'memory, disk' : 'old snapshots'})`]);
	const goals = [...target.nics.map((nic, i) => [i, `${nic.name} of ${target.name}, ${seen[1 - from].nics[i].address || 'no address'}`]),
		['other', 'another address']];
	const bindings = [['none', 'nothing'],
		...source.nics.map((nic, i) => [`address ${i}`, `the address of ${nic.name}${seen[from].nics[i].address ? '' : ', which has none'}`]),
		...source.nics.map((nic, i) => [`device ${i}`, `the device ${nic.name}`])];
	return [
		...known ? [el('span', { class: 'case' }, known.says), ' '] : [],
		choice('from', 'source host', from, hosts.map((host, i) => [i, host.name]), value => changed(next => sendFrom(next, +value))),
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
		'. By which NIC does it leave?',
	];
}

const UNCERTAIN = {
	services: () => 'Which vmk has vMotion on, or provisioning, was not told: tick it under “The hosts”, or paste the tags below what you have pasted.',
	routes: answer => `The routes were not told: that there is one to ${answer.to} is assumed.`,
	rest: () => 'Not all that was pasted could be read.',
};

// All that it leaves by is down: Linux sends there all the same.
const isCut = (state, answer) => answer.by.length && answer.by.every(i => state.hosts[state.from].nics[i].down);

function headline(state, answer) {
	if (answer.verdict === 'refuse')
		return 'It is refused: nothing leaves.';
	if (isCut(state, answer))
		return `It is sent by ${listed(answer.names)}, whose link is down: nothing arrives.`;
	if (answer.by.length)
		return `It leaves by ${listed(answer.names)}${answer.pitfall ? ': the pitfall' : ''}.`;
	return answer.plain.way === 'host' ? 'It does not leave the host.' : 'There is no route: nothing leaves.';
}

// The headline, what is bad of it, and what else there is to say.
export function verdict(state, seen, answer) {
	if (!answer)
		return {
			line: 'There is no destination.', isBad: true,
			more: [el('p', {}, 'It has no address of that family, or what is written there is no address.')],
		};
	const source = state.hosts[state.from], target = state.hosts[1 - state.from];
	const row = answer.rows[answer.row - 1];
	const refused = answer.verdict === 'refuse', passes = answer.verdict === 'pass';
	const more = answer.untold.map(what => el('p', { class: 'untold' }, UNCERTAIN[what](answer)));
	more.push(el('p', {}, passes ? `Not touched by the rule: ${row.why}. ${state.bind === 'device' ? '' : 'Linux takes the longest prefix, and of several alike the first route.'}` :
		sentence(answer.says.replace(/ \(row [^)]*\)$/, ''))));
	more.push(el('p', {}, `Row ${answer.row} of the rule, `, el('code', {}, row.reason),
		...answer.reason === row.reason ? [] : [', then ', el('code', {}, answer.reason)], '.'));
	if (answer.pitfall)
		more.push(el('p', { class: 'lesson' }, 'The pitfall: the NIC that was set apart sends nothing.' +
			(!state.other && seen[1 - state.from].nics[state.to].carries ?
				` ${target.name} still receives on its own migration NIC, and looks healthy.` : '')));
	else if (answer.flows.length && answer.by.length > 1)
		more.push(el('p', { class: 'lesson' }, `Of ${answer.flows.length} new flows ${listed(answer.by.map(i =>
			`${answer.flows.filter(flow => flow === i).length} leave by ${source.nics[i].name}`))}; each stays where it is.`));
	const foreign = answer.by.length && !answer.by.some(i =>
		seen[state.from].nics[i].addresses.some(address => address.startsWith(`${answer.source}/`)));
	if (answer.source && !refused)
		more.push(el('p', {}, `Its source address is ${answer.source}${foreign ?
			`, which is not one of ${listed(answer.names)}: the rule chooses the NIC and leaves the address alone` : ''}.`,
		passes || answer.plain.way !== 'nic' ? '' : ` Linux without the module would send by ${source.nics[answer.plain.nic].name}.`));
	const line = headline(state, answer);
	return {
		line: answer.untold.length ? `Not certain: ${line[0].toLowerCase()}${line.slice(1)}` : line,
		isBad: refused || answer.pitfall || isCut(state, answer) || (!answer.by.length && answer.plain.way !== 'host'),
		more,
	};
}
