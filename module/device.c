// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which devices may be vmks, and which packets in the hook are not to be decided on: the
 * outer packet of a vmk that is a tunnel, whose inner packet was decided on, and what the
 * host has received and only sends on.
 */

#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/netlink.h>
#include <net/rtnetlink.h>
#include <net/xfrm.h>

#include "device.h"
#include "snap.h"

static bool device_is(const struct net_device *dev, const char *kind)
{
	return dev->rtnl_link_ops && !strcmp(dev->rtnl_link_ops->kind, kind);
}

/*
 * An attribute of a device's kind, 0 if the device has none. Drivers keep their state to
 * themselves, so it is read as a dump of the link would tell it.
 */
static int device_attr(const struct net_device *dev, int type, u32 *value)
{
	const struct nlattr *attr;
	struct sk_buff *msg;
	int err;

	msg = nlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!msg)
		return -ENOMEM;
	err = dev->rtnl_link_ops->fill_info(msg, dev);
	attr = nla_find((const struct nlattr *)msg->data, msg->len, type);
	if (!attr)
		*value = 0;
	else if (nla_len(attr) == sizeof(u16))
		*value = nla_get_u16(attr);
	else
		*value = nla_get_u32(attr);
	nlmsg_free(msg);
	return err;
}

static int ipvlan_check(const struct net_device *dev,
			struct netlink_ext_ack *extack)
{
	u32 mode;
	int err;

	err = device_attr(dev, IFLA_IPVLAN_MODE, &mode);
	if (err) {
		NL_SET_ERR_MSG(extack, "cannot read the mode of the ipvlan");
		return err;
	}
	if (mode != IPVLAN_MODE_L2) {
		NL_SET_ERR_MSG(extack,
			       "an ipvlan in mode l3 or l3s cannot be a vmk: use mode l2 or a macvlan");
		return -EINVAL;
	}
	return 0;
}

static int xfrm_check(const struct net_device *dev, u32 *if_id,
		      struct netlink_ext_ack *extack)
{
	int err;

	err = device_attr(dev, IFLA_XFRM_IF_ID, if_id);
	if (err) {
		NL_SET_ERR_MSG(extack,
			       "cannot read the if_id of the xfrm interface");
		return err;
	}
	if (!*if_id) {
		NL_SET_ERR_MSG(extack,
			       "an external xfrm interface cannot be a vmk: use one with an if_id");
		return -EINVAL;
	}
	return 0;
}

/**
 * migsel_device_check - whether a device may be a vmk
 * @dev: the device, with RTNL held
 * @if_id: set to what tells the packets of an xfrm interface, 0 for other devices
 * @extack: says why it may not
 *
 * A device may not if it has no packets of its own to send, or if it sends them through
 * LOCAL_OUT once more with no trace of the device that they left by.
 *
 * Context: process, sleeps.
 * Return: 0, -EINVAL if it may not, another error if that cannot be told.
 */
int migsel_device_check(const struct net_device *dev, u32 *if_id,
			struct netlink_ext_ack *extack)
{
	ASSERT_RTNL();

	*if_id = 0;
	if (dev->flags & IFF_LOOPBACK) {
		NL_SET_ERR_MSG(extack, "a loopback device cannot be a vmk");
		return -EINVAL;
	}
	if (netif_is_l3_master(dev)) {
		NL_SET_ERR_MSG(extack,
			       "a VRF cannot be a vmk: use the devices in it");
		return -EINVAL;
	}
	if (device_is(dev, "vti") || device_is(dev, "vti6")) {
		NL_SET_ERR_MSG(extack,
			       "a vti cannot be a vmk: use an xfrm interface");
		return -EINVAL;
	}
	if (device_is(dev, "ipvlan") || device_is(dev, "ipvtap"))
		return ipvlan_check(dev, extack);
	if (device_is(dev, "xfrm"))
		return xfrm_check(dev, if_id, extack);
	return 0;
}

#ifdef CONFIG_XFRM
static bool skb_is_transformed(const struct sk_buff *skb,
			       enum migsel_family family)
{
	if (family == MIGSEL_INET)
		return IPCB(skb)->flags & IPSKB_XFRM_TRANSFORMED;
	return IP6CB(skb)->flags & IP6SKB_XFRM_TRANSFORMED;
}

/* The SPI of a transformed packet, of ESP in UDP as well, 0 if it has none. */
static __be32 skb_spi(const struct sk_buff *skb, u8 proto)
{
	unsigned int offset = skb_transport_offset(skb);
	const __be32 *spi;
	__be32 buf;

	switch (proto) {
	case IPPROTO_ESP:
		break;
	case IPPROTO_AH:
		offset += offsetof(struct ip_auth_hdr, spi);
		break;
	case IPPROTO_UDP:
		offset += sizeof(struct udphdr);
		break;
	default:
		return 0;
	}
	spi = skb_header_pointer(skb, offset, sizeof(buf), &buf);
	return spi ? *spi : 0;
}

/*
 * The id of the xfrm interface that IPsec has transformed a packet for, 0 if for
 * none. Only what leaves by that interface meets a state with its id.
 */
static u32 skb_if_id(struct net *net, const struct sk_buff *skb,
		     enum migsel_family family)
{
	const xfrm_address_t *daddr;
	struct xfrm_state *x;
	u32 if_id = 0;
	__be32 spi;
	u8 proto;

	if (family == MIGSEL_INET) {
		daddr = (const xfrm_address_t *)&ip_hdr(skb)->daddr;
		proto = ip_hdr(skb)->protocol;
	} else {
		daddr = (const xfrm_address_t *)&ipv6_hdr(skb)->daddr;
		proto = ipv6_hdr(skb)->nexthdr;
	}
	spi = skb_spi(skb, proto);
	if (!spi)
		return 0;
	x = xfrm_state_lookup(net, skb->mark, daddr, spi,
			      proto == IPPROTO_UDP ? IPPROTO_ESP : proto,
			      family == MIGSEL_INET ? AF_INET : AF_INET6);
	if (!x)
		return 0;
	if (proto != IPPROTO_UDP || x->encap)
		if_id = x->if_id;
	xfrm_state_put(x);
	return if_id;
}

/* An xfrm interface leaves no trace in the packet but its transform. */
static bool skb_from_xfrm(struct net *net,
			  const struct migsel_snap *snap,
			  const struct sk_buff *skb, enum migsel_family family)
{
	u32 i, if_id;

	if (!snap->has_xfrm || !skb_is_transformed(skb, family))
		return false;
	if_id = skb_if_id(net, skb, family);
	if (!if_id)
		return false;
	for (i = 0; i < snap->rule.n_vmks; i++)
		if (snap->vmks[i].if_id == if_id)
			return true;
	return false;
}
#else
static bool skb_from_xfrm(struct net *net,
			  const struct migsel_snap *snap,
			  const struct sk_buff *skb, enum migsel_family family)
{
	return false;
}
#endif

/**
 * migsel_device_has_sent - whether a packet is the outer one of a vmk that is a tunnel
 * @net: the namespace
 * @snap: the configuration
 * @skb: the packet, in the hook
 * @family: its family
 *
 * If so, the inner packet was decided on. A tunnel leaves itself in skb->dev.
 *
 * Context: under rcu_read_lock().
 * Return: true if it is.
 */
bool migsel_device_has_sent(struct net *net,
			    const struct migsel_snap *snap,
			    const struct sk_buff *skb,
			    enum migsel_family family)
{
	const struct net_device *dev = skb->dev;
	const struct migsel_snap_vmk *vmk;

	if (dev && dev != dst_dev_rcu(skb_dst(skb))) {
		vmk = migsel_snap_find(snap, dev->ifindex);
		if (vmk && vmk->dev == dev)
			return true;
	}
	return skb_from_xfrm(net, snap, skb, family);
}

/**
 * migsel_device_was_in - whether IPVS sends on a packet that the host has received
 * @skb: the packet, in the hook
 *
 * IPVS sends such a packet through LOCAL_OUT. A packet that the host itself has sent to a
 * virtual service did not come in by any device.
 *
 * Context: any.
 * Return: true if it does.
 */
bool migsel_device_was_in(const struct sk_buff *skb)
{
#if IS_ENABLED(CONFIG_IP_VS)
	return skb->ipvs_property && skb->skb_iif;
#else
	return false;
#endif
}
