// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads that share one CPU and interrupt each other as they send: each but the first
 * has a real-time priority of its own, and sleeps for some microseconds now and then.
 * Each sends datagrams to all addresses, in no order, from a socket that is not
 * connected. At the end it prints how many were sent, and how many calls failed.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_THREADS	32
#define BURST		8	/* datagrams between two naps */
#define NAP_NS		200000

static const char usage[] = "flood MARK PORT THREADS SECONDS ADDRESS...\n";

/* IPv4 as mapped addresses. */
static struct sockaddr_in6 *peers;
static unsigned int n_peers;
static unsigned int mark;
static atomic_ulong sent, failed;
static atomic_bool stopped;

static void die(const char *what)
{
	fprintf(stderr, "flood: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void nap(unsigned int *seed)
{
	struct timespec ts = { .tv_nsec = rand_r(seed) % NAP_NS };

	nanosleep(&ts, NULL);
}

static void *send_all(void *arg)
{
	struct sched_param param = { .sched_priority = (long)arg };
	unsigned int seed = param.sched_priority + 1, i;
	const struct sockaddr_in6 *peer;
	char data[64] = {};
	int fd;

	fd = socket(AF_INET6, SOCK_DGRAM, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)))
		die("socket");
	if (param.sched_priority &&
	    pthread_setschedparam(pthread_self(), SCHED_FIFO, &param))
		die("SCHED_FIFO");
	while (!stopped) {
		for (i = 0; i < BURST; i++) {
			peer = &peers[rand_r(&seed) % n_peers];
			if (sendto(fd, data, sizeof(data), 0,
				   (const struct sockaddr *)peer,
				   sizeof(*peer)) == sizeof(data))
				sent++;
			else
				failed++;
		}
		if (param.sched_priority)
			nap(&seed);
	}
	close(fd);
	return NULL;
}

static void add_peer(const char *text, int port)
{
	struct sockaddr_in6 *peer = &peers[n_peers++];
	char mapped[INET6_ADDRSTRLEN];

	snprintf(mapped, sizeof(mapped), "%s%s",
		 strchr(text, ':') ? "" : "::ffff:", text);
	peer->sin6_family = AF_INET6;
	peer->sin6_port = htons(port);
	if (inet_pton(AF_INET6, mapped, &peer->sin6_addr) != 1) {
		errno = EINVAL;
		die(text);
	}
}

int main(int argc, char **argv)
{
	pthread_t threads[MAX_THREADS];
	cpu_set_t cpus;
	int i, n;

	n = argc > 5 ? atoi(argv[3]) : 0;
	if (n < 1 || n > MAX_THREADS) {
		fputs(usage, stderr);
		return 1;
	}
	mark = strtoul(argv[1], NULL, 0);
	peers = calloc(argc, sizeof(*peers));
	if (!peers)
		die("calloc");
	for (i = 5; i < argc; i++)
		add_peer(argv[i], atoi(argv[2]));

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		die("sched_setaffinity");
	for (i = 0; i < n; i++) {
		errno = pthread_create(&threads[i], NULL, send_all,
				       (void *)(long)i);
		if (errno)
			die("pthread_create");
	}
	sleep(atoi(argv[4]));
	stopped = true;
	for (i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	printf("%lu %lu\n", sent, failed);
	return 0;
}
