// SPDX-License-Identifier: GPL-2.0-only
/*
 * Command lines in place of the configuration. They are carried out on a model
 * first; what differs between it and the kernel is then changed, so that what
 * stays the same is never without its rule.
 */

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "batch.h"
#include "config.h"
#include "migsel.h"
#include "parse.h"
#include "print.h"

#define GIVEN ""	/* a word, where only its being there matters */

static const char usage[] = "Usage: migsel restore\n";

/* The place of a device among the vmks, their number if it is not one. */
static unsigned int place_of(const struct vmk_list *vmks, __u32 ifindex)
{
	unsigned int i;

	for (i = 0; i < vmks->n; i++) {
		if (vmks->vmk[i].ifindex == ifindex)
			break;
	}
	return i;
}

static void insert(struct vmk_list *vmks, unsigned int at,
		   const struct vmk *vmk)
{
	memmove(&vmks->vmk[at + 1], &vmks->vmk[at],
		(vmks->n - at) * sizeof(*vmk));
	vmks->vmk[at] = *vmk;
	vmks->n++;
}

static void take_out(struct vmk_list *vmks, unsigned int at)
{
	vmks->n--;
	memmove(&vmks->vmk[at], &vmks->vmk[at + 1],
		(vmks->n - at) * sizeof(vmks->vmk[0]));
}

static bool is_loopback(const char *ifname)
{
	struct ifreq request = {};
	bool loopback;
	int s;

	s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (s < 0)
		return false;
	memcpy(request.ifr_name, ifname, strnlen(ifname, IF_NAMESIZE - 1));
	loopback = !ioctl(s, SIOCGIFFLAGS, &request) &&
		   request.ifr_flags & IFF_LOOPBACK;
	close(s);
	return loopback;
}

static int model_change(struct vmk_list *vmks, char **argv, bool add)
{
	struct vmk vmk = { .weight = 1 };
	unsigned int at, position;
	struct vmk_edit edit;
	bool exists;
	int ret;

	ret = vmk_parse_edit(argv, &edit);
	if (ret)
		return ret;

	at = place_of(vmks, edit.ifindex);
	exists = at < vmks->n;
	if (add == exists) {
		error("%s is %s vmk.", edit.dev, add ? "already a" : "not a");
		return STATUS_FAILED;
	}
	if (!add) {
		vmk = vmks->vmk[at];
		take_out(vmks, at);
		position = at;
	} else {
		vmk.ifindex = edit.ifindex;
		if (!if_indextoname(edit.ifindex, vmk.ifname))
			return parse_device(edit.dev, &edit.ifindex);
		position = vmks->n;
	}
	if (add && is_loopback(vmk.ifname)) {
		error("%s is a loopback device and cannot be a vmk.", edit.dev);
		return STATUS_FAILED;
	}
	if (vmks->n == MIGSEL_MAX_VMKS) {
		error("%s would be one vmk more than %u.", edit.dev,
		      MIGSEL_MAX_VMKS);
		return STATUS_FAILED;
	}
	if (edit.position_word && edit.position > vmks->n) {
		error("position %s is beyond the end.", edit.position_word);
		return STATUS_FAILED;
	}
	if (edit.position_word)
		position = edit.position;
	if (edit.migration_word)
		vmk.migration = edit.migration;
	if (edit.weight_word)
		vmk.weight = edit.weight;
	insert(vmks, position, &vmk);
	return 0;
}

static int model_remove(struct vmk_list *vmks, char **argv, bool flush)
{
	__u32 ifindex;
	unsigned int at;
	int ret;

	ret = vmk_parse_device(argv, &ifindex);
	if (ret)
		return ret;
	if (!ifindex && !flush)
		return incomplete();
	if (!ifindex) {
		vmks->n = 0;
		return 0;
	}
	at = place_of(vmks, ifindex);
	if (at == vmks->n && !flush) {
		error("%s is not a vmk.", argv[!strcmp(argv[0], "dev")]);
		return STATUS_FAILED;
	}
	if (at < vmks->n)
		take_out(vmks, at);
	return 0;
}

static int model_tag(struct tag *tag, char **argv)
{
	struct tag_edit edit;
	int ret;

	ret = tag_parse(argv, &edit);
	if (ret)
		return ret;
	if (edit.mask_word)
		tag->mask = edit.tag.mask;
	if (edit.hot_word)
		tag->hot = edit.tag.hot;
	if (edit.cold_word)
		tag->cold = edit.tag.cold;

	if (!tag->mask)
		error("the mask is empty.");
	else if (!tag->hot || !tag->cold)
		error("%s is zero.", tag->hot ? "cold" : "hot");
	else if (tag->hot & ~tag->mask)
		error("hot 0x%x is outside the mask 0x%x.", tag->hot,
		      tag->mask);
	else if (tag->cold & ~tag->mask)
		error("cold 0x%x is outside the mask 0x%x.", tag->cold,
		      tag->mask);
	else if (tag->hot == tag->cold)
		error("hot and cold are the same, 0x%x.", tag->hot);
	else
		return 0;
	return STATUS_FAILED;
}

static int model_policy(struct policy *policy, char **argv)
{
	struct policy_edit edit;
	int ret;

	ret = policy_parse(argv, &edit);
	if (ret)
		return ret;
	if (edit.mode_word)
		policy->mode = edit.policy.mode;
	if (edit.unreachable_word)
		policy->unreachable = edit.policy.unreachable;
	return 0;
}

static int model_line(struct config *config, char **words)
{
	bool vmk = matches(words[0], "vmk");

	if (!words[1])
		return incomplete();
	/* Elsewhere "s" is "show", so it is not "set" here. */
	if (matches(words[1], "show"))
		goto other;
	if (vmk && matches(words[1], "add"))
		return model_change(&config->vmks, words + 2, true);
	if (vmk && matches(words[1], "set"))
		return model_change(&config->vmks, words + 2, false);
	if (vmk && matches(words[1], "delete"))
		return model_remove(&config->vmks, words + 2, false);
	if (vmk && matches(words[1], "flush"))
		return model_remove(&config->vmks, words + 2, true);
	if (matches(words[0], "tag") && matches(words[1], "set"))
		return model_tag(&config->tag, words + 2);
	if (matches(words[0], "policy") && matches(words[1], "set"))
		return model_policy(&config->policy, words + 2);

other:
	error("\"%s %s\" is not a line that changes the configuration.",
	      words[0], words[1]);
	return STATUS_USAGE;
}

static int read_model(struct config *config)
{
	bool any, empty = true;
	struct lines lines;
	int ret;

	memset(config, 0, sizeof(*config));
	config->tag = default_tag;

	ret = lines_open(&lines, "-");
	if (ret)
		return ret;
	for (;;) {
		ret = lines_next(&lines, &any);
		if (ret || !any)
			break;
		empty = false;
		ret = model_line(config, lines.words);
		if (ret)
			break;
	}
	lines_close(&lines);
	/* More likely what should have written it has failed. */
	if (!ret && empty) {
		error("there is no line to restore: \"vmk flush\" is one for no vmks.");
		return STATUS_FAILED;
	}
	return ret;
}

static int change_policy(const struct policy *from, const struct policy *to)
{
	struct policy_edit edit = {
		.mode_word = GIVEN,
		.unreachable_word = GIVEN,
		.policy = *to,
	};

	if (from->mode == to->mode && from->unreachable == to->unreachable)
		return 0;
	return policy_send(&edit);
}

static int change_tag(const struct tag *from, const struct tag *to)
{
	struct tag_edit edit = {
		.mask_word = GIVEN,
		.hot_word = GIVEN,
		.cold_word = GIVEN,
		.tag = *to,
	};

	if (from->mask == to->mask && from->hot == to->hot &&
	    from->cold == to->cold)
		return 0;
	return tag_send(&edit);
}

/* Brings the vmk that belongs at a place there; @now is what the kernel has. */
static int change_vmk(struct vmk_list *now, unsigned int place,
		      const struct vmk *to)
{
	unsigned int at = place_of(now, to->ifindex);
	struct vmk_edit edit = {
		.ifindex = to->ifindex,
		.migration = to->migration,
		.weight = to->weight,
		.position = place,
	};
	bool add = at == now->n;
	int ret;

	if (add || at != place)
		edit.position_word = GIVEN;
	if (add || now->vmk[at].migration != to->migration)
		edit.migration_word = GIVEN;
	if (add || now->vmk[at].weight != to->weight)
		edit.weight_word = GIVEN;
	if (!edit.position_word && !edit.migration_word && !edit.weight_word)
		return 0;

	ret = vmk_send(add ? MIGSEL_CMD_VMK_ADD : MIGSEL_CMD_VMK_SET, &edit);
	if (ret)
		return ret;
	if (!add)
		take_out(now, at);
	insert(now, place, to);
	return 0;
}

static int remove_at(struct vmk_list *now, unsigned int at)
{
	int ret = vmk_send_del(now->vmk[at].ifindex);

	if (!ret)
		take_out(now, at);
	return ret;
}

/*
 * The old vmks go last: with no vmk at all, tagged traffic would leave by the
 * plain route in between. Only those that there is no room for go first.
 */
static int change_vmks(struct vmk_list *now, const struct vmk_list *to)
{
	unsigned int i, total = to->n;
	int ret = 0;

	for (i = 0; i < now->n; i++)
		total += place_of(to, now->vmk[i].ifindex) == to->n;
	for (i = now->n; !ret && i-- > 0 && total > MIGSEL_MAX_VMKS;) {
		if (place_of(to, now->vmk[i].ifindex) < to->n)
			continue;
		ret = remove_at(now, i);
		total--;
	}
	for (i = 0; !ret && i < to->n; i++)
		ret = change_vmk(now, i, &to->vmk[i]);
	while (!ret && now->n > to->n)
		ret = remove_at(now, now->n - 1);
	return ret;
}

static int change(struct config *from, const struct config *to)
{
	int ret;

	ret = change_policy(&from->policy, &to->policy);
	if (!ret)
		ret = change_tag(&from->tag, &to->tag);
	return ret ? ret : change_vmks(&from->vmks, &to->vmks);
}

int do_restore(char **argv)
{
	static struct config before, now, target;
	int ret;

	if (*argv && matches(*argv, "help")) {
		fputs(usage, stdout);
		return STATUS_OK;
	}
	ret = no_more(argv, "restore");
	if (!ret)
		ret = read_model(&target);
	if (!ret)
		ret = config_read(&before);
	if (ret)
		return ret;

	now = before;
	ret = change(&now, &target);
	if (ret && (config_read(&now) || change(&now, &before)))
		error("the configuration before the restore is not back.");
	return ret;
}
