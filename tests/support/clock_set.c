/* Set the clock of one program and its children, not of the machine: the seconds in the file CLOCK_SET_FILE (eight bytes, native order)
   are added to what the calendar clock says. Preloaded by tests/support/clocks.py; the steady clocks stay as they are. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *moved;
static int (*real_gettime)(clockid_t, struct timespec *);

__attribute__((constructor)) static void open_file(void)
{
    const char *name = getenv("CLOCK_SET_FILE");
    int file = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
    real_gettime = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    if (file < 0)
        return;
    void *there = mmap(NULL, sizeof *moved, PROT_READ, MAP_SHARED, file, 0);
    if (there != MAP_FAILED)
        moved = there;
    close(file);
}

int clock_gettime(clockid_t clock, struct timespec *at)
{
    int failed = real_gettime(clock, at);
    if (!failed && moved && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        at->tv_sec += *moved;
    return failed;
}

int gettimeofday(struct timeval *at, void *zone)
{
    struct timespec now;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &now))
        return -1;
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *at)
{
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now))
        return (time_t)-1;
    if (at)
        *at = now.tv_sec;
    return now.tv_sec;
}
