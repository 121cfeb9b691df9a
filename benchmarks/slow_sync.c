/* A disk whose sync takes as long as one says, for programs that are started with this in LD_PRELOAD: fsync and fdatasync
   sleep for SLOW_SYNC_NS nanoseconds in the place of whatever the machine's own disk would do. Data stay as safe as in the
   page cache: it is for measuring. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

static struct timespec spell;

__attribute__((constructor)) static void begin(void)
{
    const char *told = getenv("SLOW_SYNC_NS");
    long long ns = told == NULL ? 0 : atoll(told);
    spell.tv_sec = ns / 1000000000;
    spell.tv_nsec = ns % 1000000000;
    prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL); /* else a sleep is 0.05 ms too long; threads inherit it */
}

static int slow(int fd)
{
    struct timespec left = spell;
    if (fcntl(fd, F_GETFD) == -1)
        return -1;
    while (nanosleep(&left, &left) == -1 && errno == EINTR)
        ;
    return 0;
}

int fsync(int fd)
{
    return slow(fd);
}

int fdatasync(int fd)
{
    return slow(fd);
}
