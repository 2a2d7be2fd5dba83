// SPDX-License-Identifier: GPL-2.0-only
/* What somebody has pasted: the hosts that it describes, and for each a peer made after it. */

#include <iconv.h>
#include <string.h>

#include "addr.h"
#include "explain.h"
#include "explore.h"
#include "json.h"

/* What a browser hands over is UTF-8; JSON and CSV would need libraries of their own. */

iconv_t iconv_open(const char *to, const char *from)
{
	(void)to;
	(void)from;
	return (iconv_t)-1;
}

size_t iconv(iconv_t wide, char **restrict in, size_t *restrict in_left,
	     char **restrict out, size_t *restrict out_left)
{
	(void)wide;
	(void)in;
	(void)in_left;
	(void)out;
	(void)out_left;
	return (size_t)-1;
}

int iconv_close(iconv_t wide)
{
	(void)wide;
	return 0;
}

bool describe_json(struct descriptions *all, const char *text, size_t length,
		   unsigned int line, const char *nic, size_t *used)
{
	size_t i = 1;

	(void)nic;
	/* A prompt begins with a bracket, too. */
	while (i < length && strchr(" \t\n", text[i]))
		i++;
	if (i == length || !strchr("{}[]\"", text[i]))
		return false;
	cannot_read(all, line, "JSON is for \"migsel explain\": here it is not read");
	*used = length;
	return true;
}

void describe_csv(struct descriptions *all, const char *text, size_t length)
{
	(void)all;
	(void)text;
	(void)length;
}

bool looks_like_csv(const char *text, size_t length)
{
	(void)text;
	(void)length;
	return false;
}

/* More than the page shows; and of a subnet more than a host takes of it. */
#define PEERS_MAX 64
#define TRIES 256

/* The addresses that the peer has already. */
struct peer {
	unsigned int n;
	struct migsel_addr addr[PEERS_MAX];
};

static bool has_peer(const struct peer *peer, const struct migsel_addr *addr)
{
	unsigned int i;

	for (i = 0; i < peer->n; i++) {
		if (addr_equal(&peer->addr[i], addr))
			return true;
	}
	return false;
}

/* The next address of the subnet; behind its last one comes its first. */
static void next_in_subnet(struct migsel_addr *addr)
{
	int bit = addr->family == MIGSEL_INET ? 31 : 127;

	for (; bit >= addr->len; bit--) {
		addr->local[bit / 8] ^= 0x80 >> bit % 8;
		if (addr->local[bit / 8] & 0x80 >> bit % 8)
			return;
	}
}

/* That of the subnet itself. */
static bool is_network(const struct migsel_addr *addr)
{
	unsigned int bits = addr->family == MIGSEL_INET ? 32 : 128, bit;

	if (addr->len + 1u >= bits)
		return false;
	for (bit = addr->len; bit < bits; bit++) {
		if (addr->local[bit / 8] & 0x80 >> bit % 8)
			return false;
	}
	return true;
}

/* Gives it an address of the same subnet that nobody has, if there is one. */
static void add_peer(const struct view *view, struct peer *peer,
		     const struct migsel_addr *own)
{
	struct migsel_addr addr = *own;
	unsigned int tries;

	/* A host prefix has no other. */
	if (addr.len == (own->family == MIGSEL_INET ? 32 : 128))
		addr.len -= 8;
	for (tries = 0; tries < TRIES && peer->n < PEERS_MAX; tries++) {
		next_in_subnet(&addr);
		if (!view_is_unicast(view, &addr) || is_network(&addr) ||
		    has_peer(peer, &addr))
			continue;
		addr.len = own->len;
		memcpy(addr.prefix, addr.local, sizeof(addr.prefix));
		peer->addr[peer->n++] = addr;
		return;
	}
}

static void add_addresses(const struct view *view, struct peer *peer,
			  const struct described_nic *nic)
{
	unsigned int i, from = peer->n;
	char text[64];

	json_open("addresses", '[');
	for (i = 0; i < nic->n_addrs; i++) {
		addr_text(&nic->addr[i], false, text, sizeof(text));
		json_string(NULL, text);
		add_peer(view, peer, &nic->addr[i]);
	}
	json_close(']');
	json_open("peer", '[');
	for (i = from; i < peer->n; i++) {
		addr_text(&peer->addr[i], false, text, sizeof(text));
		json_string(NULL, text);
	}
	json_close(']');
}

static void add_routes(const struct described_host *host,
		       const struct described_nic *nic)
{
	char text[64];
	unsigned int i;

	json_open("routes", '[');
	for (i = 0; i < host->n_routes; i++) {
		const struct described_route *route = &host->route[i];

		if (!route->has_gateway || !route->dev ||
		    strcmp(route->dev, nic->name))
			continue;
		addr_text(&route->dst, true, text, sizeof(text));
		json_string(NULL, text);
	}
	json_close(']');
}

static void add_nic(const struct view *view, struct peer *peer,
		    const struct described_nic *nic, bool is_vmk)
{
	json_open(NULL, '{');
	json_string("name", nic->name);
	json_truth("vmk", is_vmk);
	json_number("stack", nic->stack == ON_VMOTION ? MIGSEL_STACK_VMOTION :
		    nic->stack == ON_PROVISIONING ?
		    MIGSEL_STACK_PROVISIONING : MIGSEL_STACK_DEFAULT);
	json_truth("migration", nic->migration == TOLD_ON);
	json_truth("provisioning", nic->provisioning == TOLD_ON);
	json_truth("down", nic->is_down);
	add_addresses(view, peer, nic);
	add_routes(view->host, nic);
	json_close('}');
}

static bool is_viewed(const struct view *view, const struct described_nic *nic)
{
	unsigned int i;

	for (i = 0; i < view->rule.n_vmks; i++) {
		if (view->nic[i] == nic)
			return true;
	}
	return false;
}

/* In the order of the rule, and what is no vmk behind. */
static void add_nics(const struct view *view)
{
	const struct described_host *host = view->host;
	struct peer peer = {};
	unsigned int i;

	json_open("nics", '[');
	for (i = 0; i < view->rule.n_vmks; i++)
		add_nic(view, &peer, view->nic[i], true);
	for (i = 0; i < host->n_nics; i++) {
		if (!is_viewed(view, &host->nic[i]))
			add_nic(view, &peer, &host->nic[i], false);
	}
	json_close(']');
}

static void add_untold(const struct view *view)
{
	const struct described_host *host = view->host;
	bool services = false;
	unsigned int i;

	for (i = 0; i < view->rule.n_vmks; i++)
		services |= view->vmk[i].stack == MIGSEL_STACK_DEFAULT &&
			    view->nic[i]->migration == NOT_TOLD;
	json_open("untold", '[');
	if (services)
		json_string(NULL, "services");
	if (!(host->parts & PART_ROUTES4))
		json_string(NULL, "routes4");
	if (!(host->parts & PART_ROUTES6))
		json_string(NULL, "routes6");
	if (host->is_unread)
		json_string(NULL, "rest");
	json_close(']');
}

static void add_notes(const struct explained *explained)
{
	struct text text = {};
	unsigned int i;

	json_open("notes", '[');
	for (i = 0; say_note(explained, i, &text); i++) {
		json_string(NULL, text.s);
		text_free(&text);
	}
	json_close(']');
}

const char *explore_read(size_t length)
{
	static struct explained explained;
	static struct explain explain;
	size_t i;

	if (length > EXPLORE_INPUT_MAX)
		length = EXPLORE_INPUT_MAX;
	describe_bytes(&explain.all, "pasted", explore_input(), length);
	descriptions_settle(&explain.all);
	json_begin();
	json_open(NULL, '[');
	for (i = 0; i < explain.all.n; i++) {
		const struct described_host *host = explain.all.host[i];

		if (!explain_host(&explain, host, NULL, &explained))
			continue;
		json_open(NULL, '{');
		json_string("name", host->name);
		json_truth("strict", host->is_strict);
		add_nics(&explained.view);
		add_untold(&explained.view);
		add_notes(&explained);
		json_close('}');
	}
	json_close(']');
	descriptions_free(&explain.all);
	return json_text();
}
