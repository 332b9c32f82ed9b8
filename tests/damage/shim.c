/* SPDX-License-Identifier: Apache-2.0
 *
 * Below the C library: system calls on files under $DAMAGE_UNDER are counted, and the one
 * that $DAMAGE names fails, comes short or is the last.  $DAMAGE is KIND:NUMBER:
 *
 *   count:FD      change nothing; write the number of changing calls to descriptor FD at the end
 *   kill:N        the Nth changing call is done by half, if it is a write, then SIGKILL
 *   full:N        the Nth write and all later ones fail with ENOSPC; what makes room is done
 *   broken:N      the Nth write and all later ones fail with EIO
 *   unreadable:N  the Nth read of data and all later ones fail with EIO
 *   shrunk:N      the Nth read of data and all later ones read nothing: the file's end
 *   short:N       every read and write is done for at most N bytes
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *kind, *under;
static long number, changes, writes, reads;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

__attribute__((constructor)) static void begin(void)
{
	const char *what = getenv("DAMAGE");
	const char *colon = what ? strchr(what, ':') : NULL;

	under = getenv("DAMAGE_UNDER");
	if (colon && under) {
		kind = strndup(what, colon - what);
		number = atol(colon + 1);
	}
}

__attribute__((destructor)) static void end(void)
{
	if (kind && !strcmp(kind, "count"))
		dprintf((int)number, "%ld %ld %ld", changes, writes, reads);
}

static int is(const char *name)
{
	return kind && !strcmp(kind, name);
}

static int path_is_ours(const char *path)
{
	char whole[PATH_MAX * 2];

	if (!kind || !path)
		return 0;
	if (path[0] == '/')
		return !strncmp(path, under, strlen(under));
	if (!getcwd(whole, PATH_MAX))
		return 0;
	return !strncmp(whole, under, strlen(under));
}

static int fd_is_ours(int fd)
{
	char link[64], path[PATH_MAX];
	struct stat st;
	ssize_t n;

	if (!kind || fstat(fd, &st) || !S_ISREG(st.st_mode))
		return 0;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof path - 1);
	if (n < 0)
		return 0;
	path[n] = 0;
	return !strncmp(path, under, strlen(under));
}

/* Counts a changing call; true for the one after which nothing may happen any more. */
static int is_last(void)
{
	int last;

	pthread_mutex_lock(&lock);
	last = ++changes == number && is("kill");
	pthread_mutex_unlock(&lock);
	return last;
}

static void die(void)
{
	kill(getpid(), SIGKILL);
	pause();
}

static int reached(long *counter)
{
	int yes;

	pthread_mutex_lock(&lock);
	yes = ++*counter >= number;
	pthread_mutex_unlock(&lock);
	return yes;
}

#define REAL(name) ((__typeof__(name) *)dlsym(RTLD_NEXT, #name))

/* Before a write: 0 to go on with *size bytes, else an error number. */
static int before_write(int fd, size_t *size, int *last)
{
	int yes;

	*last = 0;
	if (!fd_is_ours(fd))
		return 0;
	*last = is_last();
	if (*last)
		*size /= 2;
	yes = reached(&writes);
	if (yes && is("full"))
		return ENOSPC;
	if (yes && is("broken"))
		return EIO;
	if (is("short") && *size > (size_t)number)
		*size = number;
	return 0;
}

#define WRITE(call)                                         \
	int last, error = before_write(fd, &size, &last);   \
	ssize_t done;                                       \
	if (error) {                                        \
		errno = error;                              \
		return -1;                                  \
	}                                                   \
	done = call;                                        \
	if (last)                                           \
		die();                                      \
	return done;

ssize_t write(int fd, const void *data, size_t size)
{
	WRITE(REAL(write)(fd, data, size))
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at)
{
	WRITE(REAL(pwrite)(fd, data, size, at))
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at)
{
	WRITE(REAL(pwrite64)(fd, data, size, at))
}

/* Before a read: -1 for an error, 0 for the end of the file, else go on with *size bytes. */
static int before_read(int fd, size_t *size)
{
	int yes;

	if (!fd_is_ours(fd))
		return 1;
	yes = reached(&reads);
	if (yes && is("unreadable")) {
		errno = EIO;
		return -1;
	}
	if (yes && is("shrunk"))
		return 0;
	if (is("short") && *size > (size_t)number)
		*size = number;
	return 1;
}

ssize_t read(int fd, void *data, size_t size)
{
	int way = before_read(fd, &size);
	return way == 1 ? REAL(read)(fd, data, size) : way;
}

ssize_t pread(int fd, void *data, size_t size, off_t at)
{
	int way = before_read(fd, &size);
	return way == 1 ? REAL(pread)(fd, data, size, at) : way;
}

ssize_t pread64(int fd, void *data, size_t size, off64_t at)
{
	int way = before_read(fd, &size);
	return way == 1 ? REAL(pread64)(fd, data, size, at) : way;
}

/* Calls that change names and lengths: done or not done, then perhaps the end. */
#define CHANGE(ours, call)            \
	int last = (ours) && is_last(); \
	if (last)                     \
		die();                \
	return call;

int rename(const char *from, const char *to)
{
	CHANGE(path_is_ours(to), REAL(rename)(from, to))
}

int link(const char *from, const char *to)
{
	CHANGE(path_is_ours(to), REAL(link)(from, to))
}

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags)
{
	CHANGE(path_is_ours(to), REAL(linkat)(from_folder, from, to_folder, to, flags))
}

int unlink(const char *path)
{
	CHANGE(path_is_ours(path), REAL(unlink)(path))
}

int mkdir(const char *path, mode_t mode)
{
	CHANGE(path_is_ours(path), REAL(mkdir)(path, mode))
}

int unlinkat(int folder, const char *path, int flags)
{
	CHANGE(path_is_ours(path), REAL(unlinkat)(folder, path, flags))
}

int rmdir(const char *path)
{
	CHANGE(path_is_ours(path), REAL(rmdir)(path))
}

int fsync(int fd)
{
	CHANGE(fd_is_ours(fd), REAL(fsync)(fd))
}

int ftruncate64(int fd, off64_t size)
{
	CHANGE(fd_is_ours(fd), REAL(ftruncate64)(fd, size))
}

int open64(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list rest;

	va_start(rest, flags);
	if (flags & (O_CREAT | O_TMPFILE))
		mode = va_arg(rest, mode_t);
	va_end(rest);
	CHANGE((flags & (O_CREAT | O_TRUNC)) && path_is_ours(path), REAL(open64)(path, flags, mode))
}
