// SPDX-License-Identifier: GPL-2.0-only
/* The generic netlink family: resolving it, requests, dumps, notifications. */

#include <arpa/inet.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/migsel.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "attrs.h"
#include "error.h"
#include "extack.h"
#include "genl.h"
#include "module.h"
#include "text.h"

/* One message with the details of 256 candidates fits. */
#define RECEIVE_SIZE 65536
#define MAX_GROUPS 8
#define DUMP_TRIES 64

struct group {
	char name[GENL_NAMSIZ];
	__u32 id;
};

struct family {
	__u16 id;
	unsigned int n_groups;
	struct group groups[MAX_GROUPS];
};

struct exchange {
	const struct nlmsghdr *request;
	mnl_cb_t reply;
	void *data;
	void (*locate)(unsigned int offset);
	int error;	/* of the kernel, a positive errno */
};

static struct mnl_socket *sock;
static struct family family;
static __u32 sequence;

/* 256 vmks need an eighth of it. The kernel takes more than half as much again. */
static alignas(NLMSG_ALIGNTO) char request_buffer[1 << 17];
static alignas(NLMSG_ALIGNTO) char receive_buffer[RECEIVE_SIZE];

static struct mnl_socket *open_socket(void)
{
	struct mnl_socket *s;
	int one = 1;

	s = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);
	if (!s || mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) < 0) {
		error("cannot open a netlink socket: %s", strerror(errno));
		if (s)
			mnl_socket_close(s);
		return NULL;
	}
	/* A kernel too old for one of these still works, with less said. */
	mnl_socket_setsockopt(s, NETLINK_CAP_ACK, &one, sizeof(one));
	mnl_socket_setsockopt(s, NETLINK_EXT_ACK, &one, sizeof(one));
	mnl_socket_setsockopt(s, NETLINK_GET_STRICT_CHK, &one, sizeof(one));
	return s;
}

/* The error of an NLMSG_ERROR or NLMSG_DONE, 0 if it says that all is well. */
static int on_end(const struct nlmsghdr *answer, void *data)
{
	struct exchange *exchange = data;
	int number = 0;

	if (mnl_nlmsg_get_payload_len(answer) >= sizeof(number))
		memcpy(&number, mnl_nlmsg_get_payload(answer), sizeof(number));
	if (!number)
		return MNL_CB_STOP;

	exchange->error = abs(number);
	if (exchange->request->nlmsg_type != GENL_ID_CTRL)
		extack_complain(answer, exchange->request, exchange->error,
				exchange->locate);
	return MNL_CB_STOP;
}

static int on_reply(const struct nlmsghdr *message, void *data)
{
	struct exchange *exchange = data;

	return exchange->reply ? exchange->reply(message, exchange->data) :
				 MNL_CB_OK;
}

/*
 * Returns 0, the kernel's errno, which has been said unless it is about
 * resolving a family, or -1 with errno set if the exchange itself failed.
 */
static int talk_about(struct nlmsghdr *request, mnl_cb_t reply, void *data,
		      void (*locate)(unsigned int offset))
{
	static mnl_cb_t control[] = {
		[NLMSG_ERROR] = on_end,
		[NLMSG_DONE] = on_end,
	};
	struct exchange exchange = {
		.request = request,
		.reply = reply,
		.data = data,
		.locate = locate,
	};
	ssize_t length;
	int ret;

	request->nlmsg_seq = ++sequence;
	if (mnl_socket_sendto(sock, request, request->nlmsg_len) < 0)
		return -1;
	do {
		length = mnl_socket_recvfrom(sock, receive_buffer,
					     sizeof(receive_buffer));
		if (length < 0)
			return -1;
		ret = mnl_cb_run2(receive_buffer, length, sequence,
				  mnl_socket_get_portid(sock), on_reply,
				  &exchange, control, MNL_ARRAY_SIZE(control));
	} while (ret > MNL_CB_STOP);

	return ret < 0 ? -1 : exchange.error;
}

static int talk(struct nlmsghdr *request, mnl_cb_t reply, void *data)
{
	return talk_about(request, reply, data, NULL);
}

static int on_group(const struct nlattr *nest, void *data)
{
	struct family *f = data;
	struct attrs attrs;
	struct group *group;

	if (f->n_groups == MAX_GROUPS)
		return MNL_CB_OK;
	group = &f->groups[f->n_groups++];
	attrs_nested(nest, &attrs);
	attr_string(attrs.at[CTRL_ATTR_MCAST_GRP_NAME], group->name,
		    sizeof(group->name));
	group->id = attr_u32(attrs.at[CTRL_ATTR_MCAST_GRP_ID]);
	return MNL_CB_OK;
}

static int on_family(const struct nlmsghdr *message, void *data)
{
	struct family *f = data;
	struct attrs attrs;

	attrs_of(message, &attrs);
	if (attrs.at[CTRL_ATTR_FAMILY_ID])
		f->id = mnl_attr_get_u16(attrs.at[CTRL_ATTR_FAMILY_ID]);
	if (attrs.at[CTRL_ATTR_MCAST_GROUPS])
		mnl_attr_parse_nested(attrs.at[CTRL_ATTR_MCAST_GROUPS],
				      on_group, f);
	return MNL_CB_OK;
}

static struct nlmsghdr *put_request(char *buffer, __u16 type, __u8 cmd,
				    __u8 version)
{
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct genlmsghdr *genl;

	request->nlmsg_type = type;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	genl = mnl_nlmsg_put_extra_header(request, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = version;
	return request;
}

/* The same returns as talk(). Opens the socket where there is none. */
static int ask_control(__u16 flags, const char *name, mnl_cb_t reply,
		       void *data)
{
	alignas(NLMSG_ALIGNTO) char buffer[256] = "";
	struct nlmsghdr *request;

	if (!sock)
		sock = open_socket();
	if (!sock)
		return -1;
	request = put_request(buffer, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1);
	request->nlmsg_flags = NLM_F_REQUEST | flags;
	if (name)
		mnl_attr_put_strz(request, CTRL_ATTR_FAMILY_NAME, name);
	return talk(request, reply, data);
}

static int on_any_family(const struct nlmsghdr *message, void *data)
{
	char name[GENL_NAMSIZ];
	bool *present = data;
	struct attrs attrs;

	attrs_of(message, &attrs);
	attr_string(attrs.at[CTRL_ATTR_FAMILY_NAME], name, sizeof(name));
	if (!strcmp(name, MIGSEL_FAMILY_NAME))
		*present = true;
	return MNL_CB_OK;
}

/* To ask for the family by its name would load the module. */
int genl_present(bool *present)
{
	int failure;

	*present = false;
	failure = ask_control(NLM_F_DUMP, NULL, on_any_family, present);
	genl_close();
	if (failure)
		error("cannot list the netlink families: %s",
		      strerror(failure < 0 ? errno : failure));
	return failure ? STATUS_FAILED : 0;
}

static void complain_missing(void)
{
	struct text why = {};

	if (module_is_refused(&why))
		error("this kernel refuses the migsel module: %s; see SECURE BOOT in migsel(8).",
		      why.s);
	else
		error("the migsel module is not loaded: run \"modprobe migsel\".");
	text_free(&why);
}

/* The kernel loads the module if it can. Leaves no socket without the family. */
static int resolve(void)
{
	int failure;

	if (sock)
		return 0;
	memset(&family, 0, sizeof(family));
	failure = ask_control(NLM_F_ACK, MIGSEL_FAMILY_NAME, on_family,
			      &family);
	if (!failure)
		return 0;
	if (failure == ENOENT)
		complain_missing();
	else if (sock)
		error("cannot find the migsel netlink family: %s",
		      strerror(failure < 0 ? errno : failure));
	genl_close();
	return STATUS_FAILED;
}

struct nlmsghdr *genl_request(__u8 cmd)
{
	return put_request(request_buffer, 0, cmd, MIGSEL_FAMILY_VERSION);
}

static int do_about(struct nlmsghdr *request, mnl_cb_t reply, void *data,
		    void (*locate)(unsigned int offset))
{
	int failure;

	if (resolve())
		return STATUS_FAILED;
	request->nlmsg_type = family.id;
	failure = talk_about(request, reply, data, locate);
	if (failure < 0) {
		error("netlink: %s", strerror(errno));
		genl_close();
	}
	return failure ? STATUS_FAILED : 0;
}

int genl_do(struct nlmsghdr *request, mnl_cb_t reply, void *data)
{
	return do_about(request, reply, data, NULL);
}

int genl_change(struct nlmsghdr *request, void (*locate)(unsigned int offset))
{
	return do_about(request, NULL, NULL, locate);
}

bool genl_has_room(const struct nlmsghdr *request)
{
	return request->nlmsg_len < sizeof(request_buffer) - 1024;
}

int genl_dump(struct nlmsghdr *request, mnl_cb_t reply,
	      void (*restart)(void *data), void *data)
{
	unsigned int tries;
	int failure;

	for (tries = 0; tries < DUMP_TRIES; tries++) {
		if (resolve())
			return STATUS_FAILED;
		restart(data);
		request->nlmsg_type = family.id;
		request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
		failure = talk(request, reply, data);
		if (failure >= 0)
			return failure ? STATUS_FAILED : 0;

		/* The rest of an interrupted dump goes with its socket. */
		failure = errno;
		genl_close();
		if (failure != EINTR) {
			error("netlink: %s", strerror(failure));
			return STATUS_FAILED;
		}
	}
	error("the configuration changes too fast to be read.");
	return STATUS_FAILED;
}

struct mnl_socket *genl_listen(const char *const groups[])
{
	struct mnl_socket *s;
	int size = 1 << 20;
	unsigned int i;

	if (resolve())
		return NULL;
	s = open_socket();
	if (!s)
		return NULL;
	setsockopt(mnl_socket_get_fd(s), SOL_SOCKET, SO_RCVBUF, &size,
		   sizeof(size));

	for (; *groups; groups++) {
		errno = ENOENT;
		for (i = 0; i < family.n_groups; i++) {
			if (strcmp(family.groups[i].name, *groups))
				continue;
			if (!mnl_socket_setsockopt(s, NETLINK_ADD_MEMBERSHIP,
						   &family.groups[i].id,
						   sizeof(__u32)))
				errno = 0;
			break;
		}
		if (errno) {
			error("cannot join the netlink group \"%s\": %s%s",
			      *groups, strerror(errno),
			      errno == EPERM ? ": CAP_NET_ADMIN is needed" :
					       "");
			mnl_socket_close(s);
			return NULL;
		}
	}
	return s;
}

void genl_close(void)
{
	if (sock)
		mnl_socket_close(sock);
	sock = NULL;
}
