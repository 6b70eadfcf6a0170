/* Preloaded into a server: its wall clock is off by as many seconds as the file named by LOAD_CLOCK says (8 bytes, this
   machine's order), from the moment that they are written. Its monotonic clock is left alone, as a real jump leaves it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static volatile int64_t *off;
static int (*real)(clockid_t, struct timespec *);

__attribute__((constructor)) static void open_it(void) {
  const char *path = getenv("LOAD_CLOCK");
  int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  void *at = file < 0 ? MAP_FAILED : mmap(NULL, 8, PROT_READ, MAP_SHARED, file, 0);
  if (at != MAP_FAILED) off = at;
  if (file >= 0) close(file);
}

int clock_gettime(clockid_t clock, struct timespec *time) {
  if (!real) *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
  int told = real(clock, time);
  if (told == 0 && clock == CLOCK_REALTIME && off) time->tv_sec += *off;
  return told;
}
