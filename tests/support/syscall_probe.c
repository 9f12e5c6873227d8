/* Tries from inside of a container what the seccomp profile forbids and allows; one line each: name and errno's name or "ok". */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static void say(const char* name, long result) { printf("%s %s\n", name, result >= 0 ? "ok" : strerrorname_np(errno)); }

static void* nothing(void* argument) { return argument; }

int main(void) {
    char clone_arguments[88] = {0};
    pthread_t thread;
    say("unix", socket(AF_UNIX, SOCK_STREAM, 0));
    say("inet", socket(AF_INET, SOCK_STREAM, 0));
    say("netlink_route", socket(AF_NETLINK, SOCK_RAW, 0));
    say("netlink_audit", socket(AF_NETLINK, SOCK_RAW, 9));
    say("vsock", socket(40, SOCK_STREAM, 0));
    say("packet", socket(AF_PACKET, SOCK_RAW, 0));
    say("alg", socket(38, SOCK_SEQPACKET, 0));
    say("clone3", syscall(SYS_clone3, clone_arguments, 8));
    say("io_uring", syscall(SYS_io_uring_setup, 1, clone_arguments));
    say("bpf", syscall(SYS_bpf, 0, clone_arguments, 8));
    say("keyctl", syscall(SYS_keyctl, 0, 0, 0, 0, 0));
    say("userfaultfd", syscall(SYS_userfaultfd, 0));
    say("perf", syscall(SYS_perf_event_open, clone_arguments, 0, -1, -1, 0));
    say("unshare", unshare(CLONE_NEWUSER));
    say("clone_newuser", syscall(SYS_clone, CLONE_NEWUSER, 0, 0, 0, 0));
    int failed = pthread_create(&thread, NULL, nothing, NULL);
    printf("thread %s\n", failed ? "failed" : "ok");
    if (!failed) pthread_join(thread, NULL);
    say("fork", fork());
    return 0;
}
