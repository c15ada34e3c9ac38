/* LD_PRELOAD aid for scripts/virtual-camera: dma-buf providers made of memfds.
 *
 * libcamera's virtual camera and picamera2 take their buffers from /dev/udmabuf or /dev/dma_heap/…; a kernel built
 * without them has neither. Here both are memory files: mmap, poll and close work on them as on the real ones, and
 * DMA_BUF_IOCTL_SYNC, which orders caches between a device and the processor, has nothing to do.
 * For tests only: no device could read such a buffer.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

static int provider(const char *path)
{
	return path && (strcmp(path, "/dev/udmabuf") == 0 || strncmp(path, "/dev/dma_heap/", 14) == 0);
}

static int opened(const char *function, const char *path, int flags, mode_t mode)
{
	if (provider(path))
		return memfd_create("dmabuf-provider", MFD_CLOEXEC);
	int (*real)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, function);
	return real(path, flags, mode);
}

static mode_t mode_of(int flags, va_list rest)
{
	return flags & (O_CREAT | O_TMPFILE) ? (mode_t)va_arg(rest, int) : 0;
}

int open(const char *path, int flags, ...)
{
	va_list rest;
	va_start(rest, flags);
	mode_t mode = mode_of(flags, rest);
	va_end(rest);
	return opened("open", path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
	va_list rest;
	va_start(rest, flags);
	mode_t mode = mode_of(flags, rest);
	va_end(rest);
	return opened("open64", path, flags, mode);
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list rest;
	va_start(rest, request);
	void *argument = va_arg(rest, void *);
	va_end(rest);

	/* Some callers sign-extend the number to 64 bits. */
	switch ((unsigned int)request) {
	case (unsigned int)UDMABUF_CREATE:
		return fcntl(((struct udmabuf_create *)argument)->memfd, F_DUPFD_CLOEXEC, 0);
	case (unsigned int)DMA_HEAP_IOCTL_ALLOC: {
		struct dma_heap_allocation_data *wanted = argument;
		int buffer = memfd_create("dmabuf", MFD_CLOEXEC);
		if (buffer < 0)
			return -1;
		if (ftruncate(buffer, (off_t)wanted->len) < 0) {
			close(buffer);
			return -1;
		}
		wanted->fd = (__u32)buffer;
		return 0;
	}
	}

	int (*real)(int, unsigned long, ...) = (int (*)(int, unsigned long, ...))dlsym(RTLD_NEXT, "ioctl");
	int result = real(fd, request, argument);
	/* Sync and naming ('b' is dma-buf's letter) of a memfd: nothing to do. */
	if (result < 0 && errno == ENOTTY && _IOC_TYPE((unsigned int)request) == DMA_BUF_BASE)
		return 0;
	return result;
}
