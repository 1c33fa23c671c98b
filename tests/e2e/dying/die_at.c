/*
 * Kills the process it is loaded into with SIGKILL at one call: the n-th that
 * writes, sends, reads, receives or syncs at a stated place. It is loaded by
 * LD_PRELOAD from outside; the programs know nothing of it.
 *
 * DIE_AT names a file that need not be there. Its one line is
 *
 *     when|call|place|text|skip|unless
 *
 * when   before or after the call
 * call   write (send too), read (receive too) or sync
 * place  a part of the file's path, or of `tcp local=8400; peer=51000;`
 * text   a part of what is written or was read; nothing is any
 * skip   how many such calls go by before; `always`: none, and the file stays
 * unless a text that spares the process if it is there too
 *
 * The file is removed and `<file>.died` tells the place.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

struct rule {
    char line[512];
    const char *field[6];
};

static atomic_long passed;

/* The real functions of the C library. */
#define REAL(name) ((__typeof__(&name))real(#name))

static void *real(const char *name) { return dlsym(RTLD_NEXT, name); }

static int rule_of(const char *file, struct rule *rule) {
    if (syscall(SYS_access, file, F_OK) != 0)
        return 0;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, file, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return 0;
    long length = syscall(SYS_read, fd, rule->line, sizeof rule->line - 1);
    syscall(SYS_close, fd);
    if (length <= 0)
        return 0;
    rule->line[length] = 0;
    char *rest = rule->line;
    for (int at = 0; at < 6; at++) {
        rule->field[at] = rest;
        char *end = strpbrk(rest, "|\n");
        if (end) {
            *end = 0;
            rest = end + 1;
        } else {
            rest += strlen(rest);
        }
    }
    return 1;
}

static int port_of(const struct sockaddr_storage *address) {
    if (address->ss_family == AF_INET)
        return ntohs(((const struct sockaddr_in *)address)->sin_port);
    if (address->ss_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)address)->sin6_port);
    return 0;
}

static void place_of(int fd, char *place, size_t size) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, place, size - 1);
    place[length > 0 ? length : 0] = 0;
    if (strncmp(place, "socket:", 7) != 0)
        return;
    struct sockaddr_storage local = {0}, peer = {0};
    socklen_t of_local = sizeof local, of_peer = sizeof peer;
    getsockname(fd, (struct sockaddr *)&local, &of_local);
    getpeername(fd, (struct sockaddr *)&peer, &of_peer);
    snprintf(place, size, "tcp local=%d; peer=%d;", port_of(&local), port_of(&peer));
}

static int holds(const struct iovec *parts, int count, ssize_t length, const char *text) {
    if (!*text)
        return 1;
    for (int at = 0; at < count && length != 0; at++) {
        size_t here = parts[at].iov_len;
        if (length > 0 && here > (size_t)length)
            here = (size_t)length;
        if (memmem(parts[at].iov_base, here, text, strlen(text)))
            return 1;
        if (length > 0)
            length -= (ssize_t)here;
    }
    return 0;
}

static void look(const char *when, const char *call, int fd, const struct iovec *parts, int count, ssize_t length) {
    int kept = errno;
    struct rule rule;
    char place[512], died[600];
    const char *file = getenv("DIE_AT");
    if (!file || !rule_of(file, &rule) || strcmp(rule.field[0], when) || strcmp(rule.field[1], call))
        goto done;
    place_of(fd, place, sizeof place);
    if (!strstr(place, rule.field[2]) || !holds(parts, count, length, rule.field[3]))
        goto done;
    if (*rule.field[5] && holds(parts, count, length, rule.field[5]))
        goto done;
    int always = strcmp(rule.field[4], "always") == 0;
    if (!always && atomic_fetch_add(&passed, 1) < atol(rule.field[4]))
        goto done;
    /* Of several threads one dies for all. */
    if (always || syscall(SYS_unlink, file) == 0) {
        snprintf(died, sizeof died, "%s.died", file);
        int told = (int)syscall(SYS_openat, AT_FDCWD, died, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        syscall(SYS_write, told, place, strlen(place));
        syscall(SYS_close, told);
        syscall(SYS_kill, getpid(), SIGKILL);
    }
    for (;;)
        pause();
done:
    errno = kept;
}

#define AROUND(call, fd, parts, count, real_call)              \
    look("before", call, fd, parts, count, -1);                \
    ssize_t done = real_call;                                  \
    if (done > 0)                                              \
        look("after", call, fd, parts, count, done);           \
    return done

ssize_t write(int fd, const void *bytes, size_t length) {
    struct iovec part = {(void *)bytes, length};
    AROUND("write", fd, &part, 1, REAL(write)(fd, bytes, length));
}

ssize_t send(int fd, const void *bytes, size_t length, int flags) {
    struct iovec part = {(void *)bytes, length};
    AROUND("write", fd, &part, 1, REAL(send)(fd, bytes, length, flags));
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) {
    struct iovec part = {(void *)bytes, length};
    AROUND("write", fd, &part, 1, REAL(pwrite64)(fd, bytes, length, at));
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    AROUND("write", fd, parts, count, REAL(writev)(fd, parts, count));
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    AROUND("write", fd, message->msg_iov, (int)message->msg_iovlen, REAL(sendmsg)(fd, message, flags));
}

/* Of what is to be read nothing is there before. */
#define READ_INTO(fd, bytes, length, real_call)                \
    struct iovec part = {bytes, length};                       \
    ssize_t done = real_call;                                  \
    if (done > 0)                                              \
        look("after", "read", fd, &part, 1, done);             \
    return done

ssize_t read(int fd, void *bytes, size_t length) {
    READ_INTO(fd, bytes, length, REAL(read)(fd, bytes, length));
}

ssize_t recv(int fd, void *bytes, size_t length, int flags) {
    READ_INTO(fd, bytes, length, REAL(recv)(fd, bytes, length, flags));
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags) {
    ssize_t done = REAL(recvmsg)(fd, message, flags);
    if (done > 0)
        look("after", "read", fd, message->msg_iov, (int)message->msg_iovlen, done);
    return done;
}

#define SYNC(fd, real_call)                                    \
    look("before", "sync", fd, NULL, 0, -1);                   \
    int done = real_call;                                      \
    if (done == 0)                                             \
        look("after", "sync", fd, NULL, 0, -1);                \
    return done

int fsync(int fd) { SYNC(fd, REAL(fsync)(fd)); }

int fdatasync(int fd) { SYNC(fd, REAL(fdatasync)(fd)); }
