/* SPDX-License-Identifier: Apache-2.0
 *
 * Below the C library: the regular file $DRIVE is an optical drive.
 *
 *   DRIVE_SIZE    what the kernel believes its size to be, in bytes; reads end there
 *   DRIVE_BAD     blocks of 2048 bytes that cannot be read: 5,17-20
 *   DRIVE_TOC     where the table of contents has the lead-out, in blocks
 *   DRIVE_SLOW    milliseconds that each read takes
 *   DRIVE_EMPTY   there is no disc: opening it fails
 *
 * READ (10) by SG_IO knows how long the disc really is.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/cdrom.h>
#include <linux/fs.h>
#include <scsi/sg.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define BLOCK 2048
#define REAL(name) ((__typeof__(name) *)dlsym(RTLD_NEXT, #name))

static long number(const char *name, long otherwise)
{
	const char *text = getenv(name);
	return text ? atol(text) : otherwise;
}

static int is_drive(int fd)
{
	char link[64], path[PATH_MAX];
	const char *drive = getenv("DRIVE");
	ssize_t n;

	if (!drive || fd < 0)
		return 0;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof path - 1);
	if (n < 0)
		return 0;
	path[n] = 0;
	return !strcmp(path, drive);
}

static int is_bad(long block)
{
	const char *text = getenv("DRIVE_BAD");

	while (text && *text) {
		char *end;
		long first = strtol(text, &end, 10), last = first;
		if (*end == '-')
			last = strtol(end + 1, &end, 10);
		if (block >= first && block <= last)
			return 1;
		text = *end ? end + 1 : end;
	}
	return 0;
}

static off_t real_size(int fd)
{
	struct stat st;
	return REAL(fstat)(fd, &st) ? 0 : st.st_size;
}

/* How much of a read is good: 0 at the end, -1 for damage. */
static ssize_t good(off_t at, size_t size, off_t end)
{
	off_t stop = at + (off_t)size, now;

	usleep(1000 * number("DRIVE_SLOW", 0));
	if (at >= end)
		return 0;
	if (stop > end)
		stop = end;
	for (now = at; now < stop; now = (now / BLOCK + 1) * BLOCK)
		if (is_bad(now / BLOCK))
			break;
	if (now == at) {
		errno = EIO;
		return -1;
	}
	return (now < stop ? now : stop) - at;
}

static ssize_t from_drive(int fd, void *data, size_t size, off_t at)
{
	ssize_t n = good(at, size, number("DRIVE_SIZE", real_size(fd)));
	return n > 0 ? REAL(pread)(fd, data, n, at) : n;
}

ssize_t pread(int fd, void *data, size_t size, off_t at)
{
	return is_drive(fd) ? from_drive(fd, data, size, at) : REAL(pread)(fd, data, size, at);
}

ssize_t pread64(int fd, void *data, size_t size, off64_t at)
{
	return pread(fd, data, size, at);
}

/* What os.preadv calls. */
ssize_t preadv2(int fd, const struct iovec *parts, int count, off_t at, int flags)
{
	if (!is_drive(fd))
		return REAL(preadv2)(fd, parts, count, at, flags);
	return from_drive(fd, parts[0].iov_base, parts[0].iov_len, at);
}

ssize_t preadv64v2(int fd, const struct iovec *parts, int count, off64_t at, int flags)
{
	return preadv2(fd, parts, count, at, flags);
}

ssize_t read(int fd, void *data, size_t size)
{
	ssize_t n;
	off_t at;

	if (!is_drive(fd))
		return REAL(read)(fd, data, size);
	at = REAL(lseek)(fd, 0, SEEK_CUR);
	n = from_drive(fd, data, size, at);
	if (n > 0)
		REAL(lseek)(fd, at + n, SEEK_SET);
	return n;
}

off_t lseek(int fd, off_t at, int whence)
{
	if (whence == SEEK_END && is_drive(fd))
		return REAL(lseek)(fd, number("DRIVE_SIZE", real_size(fd)) + at, SEEK_SET);
	return REAL(lseek)(fd, at, whence);
}

off64_t lseek64(int fd, off64_t at, int whence)
{
	return lseek(fd, at, whence);
}

int fstat(int fd, struct stat *st)
{
	int failed = REAL(fstat)(fd, st);

	if (!failed && is_drive(fd))
		st->st_mode = S_IFBLK | 0660;
	return failed;
}

int fstat64(int fd, struct stat64 *st)
{
	return fstat(fd, (struct stat *)st);
}

int open64(const char *path, int flags, ...)
{
	const char *drive = getenv("DRIVE");
	mode_t mode;
	va_list rest;

	va_start(rest, flags);
	mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
	va_end(rest);
	if (drive && getenv("DRIVE_EMPTY") && !strcmp(path, drive)) {
		errno = ENOMEDIUM;
		return -1;
	}
	return REAL(open64)(path, flags, mode);
}

static int sense(sg_io_hdr_t *io, int key, int code)
{
	unsigned char answer[18] = {0x70, 0, key, 0, 0, 0, 0, 10, 0, 0, 0, 0, code};

	memcpy(io->sbp, answer, sizeof answer);
	io->sb_len_wr = sizeof answer;
	io->status = 2;
	return 0;
}

static int read_10(int fd, sg_io_hdr_t *io)
{
	unsigned char *c = io->cmdp;
	off_t at = BLOCK * ((off_t)c[2] << 24 | c[3] << 16 | c[4] << 8 | c[5]);
	size_t size = BLOCK * (c[7] << 8 | c[8]);
	off_t end = real_size(fd);

	if (io->interface_id != 'S' || c[0] != 0x28 || io->dxfer_direction != SG_DXFER_FROM_DEV ||
	    io->cmd_len != 10 || io->dxfer_len != size || !size) {
		errno = EINVAL;
		return -1;
	}
	if (at + (off_t)size > end && at >= end)
		return sense(io, 5, 0x21);
	if (good(at, size, end) < (ssize_t)size)
		return at + (off_t)size > end ? sense(io, 5, 0x21) : sense(io, 3, 0x11);
	REAL(pread)(fd, io->dxferp, size, at);
	io->status = 0;
	return 0;
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list rest;
	void *about;

	va_start(rest, request);
	about = va_arg(rest, void *);
	va_end(rest);
	if (!is_drive(fd))
		return REAL(ioctl)(fd, request, about);
	if (request == BLKSSZGET) {
		*(int *)about = BLOCK;
		return 0;
	}
	if (request == CDROM_GET_CAPABILITY)
		return 0x1234;
	if (request == CDROMREADTOCENTRY && getenv("DRIVE_TOC")) {
		struct cdrom_tocentry *entry = about;
		if (entry->cdte_track != CDROM_LEADOUT || entry->cdte_format != CDROM_LBA)
			abort();
		entry->cdte_addr.lba = number("DRIVE_TOC", 0);
		return 0;
	}
	if (request == SG_IO && !getenv("DRIVE_NO_SG"))
		return read_10(fd, about);
	errno = ENOTTY;
	return -1;
}
