// SPDX-License-Identifier: GPL-2.0-only
// Both hosts with their NICs, the subnets between them, and the way that the packet takes.
import { STACKS } from './state.js';

const COLUMN = 152, BOX = 138, TALL = 64, EDGE = 12, BETWEEN = 30;

function svg(name, attributes, ...inner) {
	const element = document.createElementNS('http://www.w3.org/2000/svg', name);
	for (const key in attributes)
		element.setAttribute(key, attributes[key]);
	element.append(...inner);
	return element;
}

const text = (x, y, words, more = {}) => svg('text', { x, y, ...more }, words);
const line = (path, more) => svg('path', { d: path, ...more });

// What a NIC is, in a word or two.
function badge(nic, { isFirst, carries, serves }) {
	if (!nic.vmk)
		return 'not registered';
	const words = [];
	if (isFirst)
		words.push('first vmk');
	if (nic.stack)
		words.push(`${nic.stack === 1 ? 'vMotion' : STACKS[nic.stack]} stack`);
	else if (nic.migration)
		words.push(!carries ? 'migration, idle' : 'migration');
	if (serves)
		words.push('provisioning');
	return words.join(', ');
}

function box(nic, x, y, what) {
	const group = svg('g', { class: `nic ${what.classes.join(' ')}` });
	group.append(svg('rect', { x: x - BOX / 2, y, width: BOX, height: TALL, rx: 8 }),
		text(x, y + 19, nic.name, { class: 'name' }),
		text(x, y + 37, nic.down ? 'link down' : what.address || 'no address', { class: nic.down ? 'bad' : 'address' }),
		text(x, y + 54, what.badge, { class: 'badge' }));
	return group;
}

// @step: the row that is being looked at. The way is drawn once that is the one that applies.
// @kind: the tag in a word. @onnic: called with host and number of a NIC that is clicked.
export function draw(state, answer, kind, seen, step, onnic) {
	const { hosts, from } = state;
	const decided = answer && step >= answer.row;
	const columns = Math.max(2, ...hosts.map(host => host.nics.length));
	// What is no NIC of the other host is reached beyond a router, at the right.
	const width = columns * COLUMN + 2 * EDGE + 30;
	const center = i => EDGE + 14 + COLUMN * i + COLUMN / 2;

	const networks = [], of = hosts.map((host, at) => host.nics.map((_, i) => {
		const { network } = seen[at].nics[i];
		if (network && !networks.includes(network))
			networks.push(network);
		return network;
	}));
	const source = from, target = 1 - from;
	const top = 32, barsFrom = top + TALL + 40;
	const bar = network => barsFrom + networks.indexOf(network) * BETWEEN;
	const lower = barsFrom + (Math.max(1, networks.length) - 1) * BETWEEN + 36;
	const height = lower + TALL + 32;
	const picture = svg('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img', class: 'picture' });
	// Narrow screens scroll it rather than make it illegible.
	picture.style.minWidth = `${columns * 110}px`;
	const level = at => at === source ? { y: top, edge: top + TALL } : { y: lower, edge: lower };

	for (const at of [source, target])
		picture.append(svg('rect', {
			class: 'host', x: 2, y: level(at).y - (at === source ? 30 : 10), width: width - 4, height: TALL + 40, rx: 12,
		}), text(EDGE + 2, at === source ? top - 10 : lower + TALL + 21,
			`${hosts[at].name}, ${at === source ? 'the source' : 'the destination'}`, { class: 'title' }));

	for (const network of networks) {
		const y = bar(network);
		picture.append(line(`M${EDGE} ${y}H${width - EDGE}`, { class: 'bar' }));
	}
	for (const at of [source, target])
		hosts[at].nics.forEach((nic, i) => {
			if (of[at][i])
				picture.append(line(`M${center(i)} ${level(at).edge}V${bar(of[at][i])}`,
					{ class: nic.down ? 'wire cut' : 'wire' }),
				svg('circle', { cx: center(i), cy: bar(of[at][i]), r: 5, class: 'plug' }));
		});

	const by = decided ? answer.by : [];
	const landing = state.other ? -1 : state.to;
	const goal = of[target][landing] ?? null;
	const arrives = by.filter(i => !hosts[source].nics[i].down);
	arrives.forEach((i, n) => {
		const own = of[source][i];
		if (!own)
			return;
		const shift = (n - (arrives.length - 1) / 2) * 5;
		const beyond = width - EDGE - 4;
		let path = `M${center(i) + shift} ${level(source).edge}V${bar(own)}`;
		if (goal && goal !== own)
			path += `H${beyond}V${bar(goal)}`;
		path += goal ? `H${center(landing) + shift}V${level(target).edge}` : `H${beyond}`;
		picture.append(line(path, { class: `way ${kind}` }));
	});

	for (const network of networks)
		picture.append(text(EDGE, bar(network) - 7, network, { class: 'network' }));

	const looked = !decided || !answer ? [] : answer.candidates;
	for (const at of [source, target])
		hosts[at].nics.forEach((nic, i) => {
			const classes = [];
			if (at === source && looked.includes(i))
				classes.push('candidate');
			if (at === source && by.includes(i))
				classes.push('chosen', kind);
			if (at === target && i === landing && arrives.length)
				classes.push('lands', kind);
			if (!nic.vmk)
				classes.push('plain');
			const flows = at === source && decided && answer.flows?.filter(flow => flow === i).length;
			const drawn = box(nic, center(i), level(at).y, {
				classes, address: seen[at].nics[i].address,
				badge: flows ? `${flows} of ${answer.flows.length} flows` :
					badge(nic, { isFirst: i === seen[at].first, carries: seen[at].nics[i].carries, serves: i === seen[at].provisioning }),
			});
			drawn.onclick = () => onnic(at, i);
			picture.append(drawn);
		});
	if (decided && answer.verdict === 'refuse')
		picture.append(text(width / 2, top + TALL + 27, '✕ refused: nothing leaves', { class: 'refused' }));
	picture.prepend(svg('title', {}, by.length ? `${hosts[source].name} sends by ${answer.names.join(' and ')}` :
		decided ? 'nothing is sent' : 'not decided yet'));
	return picture;
}
