// SPDX-License-Identifier: GPL-2.0-only
// A host that was pasted becomes the source host, and the other one is made after it.
import { read, look } from './rule.js';
import { NICS_MAX, ADDRESSES_MAX, ROUTES_MAX, copy, receiver } from './state.js';

const COMPLAINTS_MAX = 12;
const isTooLarge = host => host.nics.length > NICS_MAX ||
	host.nics.some(nic => nic.addresses.length > ADDRESSES_MAX || nic.routes.length > ROUTES_MAX);
const HINT = 'This page reads what ESXi prints: esxcfg-vmknic -l first, and below it tags and routes. Whatever else there is, as JSON, CSV or of Linux, is for migsel explain.';

function stateOf(found, state) {
	const next = structuredClone(state);
	const made = addresses => ({
		strict: found.strict, first: 0, untold: found.untold,
		nics: found.nics.map(nic => ({ ...nic, addresses: nic[addresses] })),
	});
	next.hosts[next.from] = made('addresses');
	next.hosts[1 - next.from] = made('peer');
	const [, peer] = [next.from, 1 - next.from].map(at => copy(next).hosts[at]);
	Object.assign(next, { tag: 1, bind: 'none', other: '', family: 4, to: receiver(peer, 4) });
	if (!look(peer, 4).nics[next.to].address && look(peer, 6).nics[next.to].address)
		next.family = 6;
	return copy(next);
}

// What becomes of @state, null where nothing does; and what there is to say.
export function pasted(text, state) {
	const { hosts, complaints } = read(text);
	const bad = complaints.slice(0, COMPLAINTS_MAX);
	const [found] = hosts;
	if (!found || !found.nics.length)
		return { next: null, notes: [], bad: [...bad, found ? `Of ${found.name.slice(0, 80)} no NIC is told.` : '', HINT].filter(Boolean) };
	if (isTooLarge(found))
		return {
			next: null, notes: [],
			bad: [...bad, `The page shows at most ${NICS_MAX} NICs, with ${ADDRESSES_MAX} addresses and ${ROUTES_MAX} routes each: migsel explain answers for such a host.`],
		};
	const notes = [`${found.name.slice(0, 80)} was read, as the source host. The other host is made up: the same, with other addresses.`];
	if (hosts.length > 1)
		notes.push(`There were ${hosts.length} hosts; this is the first one.`);
	return { next: stateOf(found, state), notes: [...notes, ...found.notes.map(note => `Note: ${note}.`)], bad };
}
