/* SPDX-License-Identifier: GPL-2.0-only */
/* What snap_kunit.c tests with: devices, and a way to give them addresses. */

#include <kunit/test.h>
#include <linux/etherdevice.h>
#include <linux/inet.h>
#include <net/netlink.h>
#include <net/sock.h>

#define N_VMKS	3

struct fixture {
	struct migsel_net ms;
	struct migsel_vmk vmks[N_VMKS];
	struct migsel_vmk_counters counters[N_VMKS];
	struct net_device *devs[N_VMKS];
};

static netdev_tx_t drop(struct sk_buff *skb, struct net_device *dev)
{
	kfree_skb(skb);
	return NETDEV_TX_OK;
}

static const struct net_device_ops ops = {
	.ndo_start_xmit = drop,
};

static void dev_gone(void *dev)
{
	unregister_netdev(dev);
}

static struct net_device *new_dev(struct kunit *test)
{
	struct net_device *dev;

	dev = alloc_netdev(0, "kunit%d", NET_NAME_ENUM, ether_setup);
	KUNIT_ASSERT_NOT_NULL(test, dev);
	eth_hw_addr_random(dev);
	dev->netdev_ops = &ops;
	dev->needs_free_netdev = true;
	if (register_netdev(dev)) {
		free_netdev(dev);
		KUNIT_FAIL_AND_ABORT(test, "no device");
	}
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, dev_gone, dev),
			0);
	return dev;
}

static int snap_init(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, f);
	INIT_LIST_HEAD(&f->ms.vmks);
	for (i = 0; i < N_VMKS; i++) {
		f->devs[i] = new_dev(test);
		f->vmks[i].dev = f->devs[i];
		f->vmks[i].counters = &f->counters[i];
		f->vmks[i].config.weight = 1;
		list_add_tail(&f->vmks[i].list, &f->ms.vmks);
		f->ms.n_vmks++;
	}
	test->priv = f;
	return 0;
}

static void snap_free(void *snap)
{
	migsel_snap_free(snap);
}

static struct migsel_snap *build(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct migsel_snap *snap;

	rtnl_lock();
	snap = migsel_snap_build(&f->ms, NULL, GFP_KERNEL);
	rtnl_unlock();
	KUNIT_ASSERT_NOT_NULL(test, snap);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, snap_free, snap),
			0);
	return snap;
}

/* What inet_pton() does. */
static size_t parse(struct kunit *test, const char *text, u8 *addr)
{
	bool inet6 = strchr(text, ':');

	KUNIT_ASSERT_EQ(test, inet6 ? in6_pton(text, -1, addr, -1, NULL) :
				      in4_pton(text, -1, addr, -1, NULL), 1);
	return inet6 ? 16 : 4;
}

static struct sk_buff *addr_msg(struct kunit *test, int type,
				const struct net_device *dev, const char *local,
				const char *peer, u8 len)
{
	struct sk_buff *msg = nlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	struct ifaddrmsg *ifa;
	struct nlmsghdr *nlh;
	u8 addr[16];
	size_t size;

	KUNIT_ASSERT_NOT_NULL(test, msg);
	size = parse(test, local, addr);
	nlh = nlmsg_put(msg, 0, 0, type, sizeof(*ifa),
			NLM_F_REQUEST | NLM_F_ACK);
	ifa = nlmsg_data(nlh);
	memset(ifa, 0, sizeof(*ifa));
	ifa->ifa_family = size == 4 ? AF_INET : AF_INET6;
	ifa->ifa_prefixlen = len;
	ifa->ifa_flags = IFA_F_NODAD;
	ifa->ifa_index = dev->ifindex;
	nla_put(msg, IFA_LOCAL, size, addr);
	parse(test, peer, addr);
	nla_put(msg, IFA_ADDRESS, size, addr);
	nlmsg_end(msg, nlh);
	return msg;
}

/* Ask as a user would, and wait for the answer. */
static int ask(struct sk_buff *msg)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct msghdr hdr = {
		.msg_name = &kernel,
		.msg_namelen = sizeof(kernel),
	};
	struct kvec vec = { msg->data, msg->len };
	struct {
		struct nlmsghdr nlh;
		struct nlmsgerr err;
	} answer = {};
	struct socket *sock;
	int err;

	err = sock_create_kern(&init_net, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE,
			       &sock);
	if (err)
		return err;
	err = kernel_sendmsg(sock, &hdr, &vec, 1, vec.iov_len);
	if (err > 0) {
		memset(&hdr, 0, sizeof(hdr));
		vec = (struct kvec){ &answer, sizeof(answer) };
		err = kernel_recvmsg(sock, &hdr, &vec, 1, sizeof(answer), 0);
	}
	sock_release(sock);
	if (err < 0)
		return err;
	return answer.nlh.nlmsg_type == NLMSG_ERROR ? answer.err.error : -EIO;
}

static void addr_change(struct kunit *test, int type, u32 vmk,
			const char *local, const char *peer, u8 len)
{
	struct fixture *f = test->priv;
	struct sk_buff *msg;
	int err;

	msg = addr_msg(test, type, f->devs[vmk], local, peer, len);
	err = ask(msg);
	nlmsg_free(msg);
	KUNIT_ASSERT_EQ_MSG(test, err, 0, "%s/%u", local, len);
}

static void add_peer(struct kunit *test, u32 vmk, const char *local,
		     const char *peer, u8 len)
{
	addr_change(test, RTM_NEWADDR, vmk, local, peer, len);
}

static void add(struct kunit *test, u32 vmk, const char *local, u8 len)
{
	add_peer(test, vmk, local, local, len);
}

/* How many addresses of a vmk are this one. */
static u32 count(struct kunit *test, const struct migsel_snap *snap, u32 vmk,
		 const char *local, const char *prefix, u8 len)
{
	const struct migsel_rule_vmk *v = &snap->rule.vmks[vmk];
	u8 want_local[16], want_prefix[16];
	size_t size;
	u32 i, n = 0;

	size = parse(test, local, want_local);
	parse(test, prefix, want_prefix);
	for (i = 0; i < v->n_addrs; i++) {
		const struct migsel_addr *addr = &v->addrs[i];

		n += addr->family == (size == 4 ? MIGSEL_INET : MIGSEL_INET6) &&
		     addr->len == len &&
		     !memcmp(addr->local, want_local, size) &&
		     !memcmp(addr->prefix, want_prefix, size);
	}
	return n;
}

static void expect_addr(struct kunit *test, const struct migsel_snap *snap,
			u32 vmk, const char *local, u8 len)
{
	KUNIT_EXPECT_EQ_MSG(test, count(test, snap, vmk, local, local, len), 1,
			    "%s/%u", local, len);
}
