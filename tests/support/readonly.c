/* Make everything below a folder read-only for the programs that load this, as a kernel does with a file system whose disk fails:
   files that are open stay open, and every write to them ends with EROFS. READONLY_FOLDER names the folder; it is so while
   the file of that name with ".readonly" at its end is there. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static int below(const char *path) {
    const char *folder = getenv("READONLY_FOLDER");
    char mark[4096];
    if (!folder || strncmp(path, folder, strlen(folder)) || path[strlen(folder)] != '/') return 0;
    snprintf(mark, sizeof mark, "%s.readonly", folder);
    return access(mark, F_OK) == 0;
}

static int held(int fd) {
    char name[64], path[4096];
    int kept = errno;
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(name, path, sizeof path - 1);
    int found = length > 0 && (path[length] = 0, below(path));
    errno = found ? EROFS : kept;
    return found;
}

#define WRITING(type, name, parameters, arguments)                    \
    type name parameters {                                            \
        static type(*real) parameters;                                \
        if (!real) real = (type(*) parameters)dlsym(RTLD_NEXT, #name); \
        return held(fd) ? -1 : real arguments;                        \
    }

WRITING(ssize_t, write, (int fd, const void *data, size_t size), (fd, data, size))
WRITING(ssize_t, pwrite, (int fd, const void *data, size_t size, off_t at), (fd, data, size, at))
WRITING(ssize_t, pwrite64, (int fd, const void *data, size_t size, off64_t at), (fd, data, size, at))
WRITING(ssize_t, writev, (int fd, const struct iovec *data, int count), (fd, data, count))
WRITING(int, ftruncate, (int fd, off_t size), (fd, size))
WRITING(int, ftruncate64, (int fd, off64_t size), (fd, size))

#define OPENING(name)                                                              \
    int name(const char *path, int flags, ...) {                                   \
        static int (*real)(const char *, int, ...);                                \
        va_list more;                                                              \
        va_start(more, flags);                                                     \
        mode_t mode = flags & O_CREAT ? va_arg(more, mode_t) : 0;                  \
        va_end(more);                                                              \
        if (!real) real = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, #name); \
        if ((flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)) && below(path)) {    \
            errno = EROFS;                                                         \
            return -1;                                                             \
        }                                                                          \
        return real(path, flags, mode);                                            \
    }

OPENING(open)
OPENING(open64)
