/*
 * What Stowage does on a Docker host with no program of the host's or of an image's: it travels to the Engine in an image of
 * its own (toolbox.ts) and runs without libc, as static code for Linux. Errors are exit codes (errno, or 125 for wrong use).
 *
 *   toolbox rename FROM TO        rename(2): replaces a symbolic link in one step
 *   toolbox publish (VOLUME FOLDER)...  makes VOLUME/FOLDER what is seen of VOLUME, in one step, as kubelet's AtomicWriter does
 *   toolbox type PATH             prints Directory, File, Socket, CharDevice, BlockDevice or Other; follows symbolic links
 *   toolbox connect PORT TIMEOUT  opens 127.0.0.1:PORT within TIMEOUT milliseconds, says "connected", then passes on both ways
 *   toolbox statfs PATH...        prints size, free and available bytes and inodes of file systems, a line each
 *   toolbox cat PATH...           prints files, each after a line with its path; leaves out what cannot be read
 *   toolbox ls PATH...            prints the paths of what is in folders, a line each; leaves out what cannot be read
 *   toolbox kill VARIABLE         kills all processes that have NAME=VALUE in their environment, within a second
 *   toolbox pause                 waits to be killed
 *
 * Build with ./build; the result is committed, and a test builds it again where the compilers are there.
 */
typedef unsigned long size_t;
typedef long ssize_t;

#if defined(__x86_64__)
enum { sys_read = 0, sys_write = 1, sys_open_at = 257, sys_close = 3, sys_poll = 271, sys_socket = 41, sys_connect = 42,
       sys_getsockopt = 55, sys_shutdown = 48, sys_statfs = 137, sys_getdents64 = 217, sys_kill = 62, sys_exit = 231, sys_rename_at = 264,
       sys_unlink_at = 263, sys_symlink_at = 266, sys_statx = 332 };
enum { o_directory = 0200000, o_nofollow = 0400000, o_path = 010000000 };
static long call(long n, long a, long b, long c, long d, long e) {
  long r;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  __asm__ volatile("syscall" : "=a"(r) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8) : "rcx", "r11", "memory");
  return r;
}
__asm__(".globl _start\n_start:\n mov %rsp,%rdi\n and $-16,%rsp\n call begin\n");
#elif defined(__aarch64__)
enum { sys_read = 63, sys_write = 64, sys_open_at = 56, sys_close = 57, sys_poll = 73, sys_socket = 198, sys_connect = 203,
       sys_getsockopt = 209, sys_shutdown = 210, sys_statfs = 43, sys_getdents64 = 61, sys_kill = 129, sys_exit = 94, sys_rename_at = 38,
       sys_unlink_at = 35, sys_symlink_at = 36, sys_statx = 291 };
enum { o_directory = 040000, o_nofollow = 0100000, o_path = 010000000 };
static long call(long n, long a, long b, long c, long d, long e) {
  register long x8 __asm__("x8") = n;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
  return x0;
}
__asm__(".globl _start\n_start:\n mov x0,sp\n bl begin\n");
#endif

enum { at_fdcwd = -100, at_remove_dir = 0x200, wrong_use = 125 };
enum { e_none = 2, e_no_process = 3, e_interrupted = 4, e_again = 11, e_exists = 17, e_is_folder = 21, e_timed_out = 110, e_in_progress = 115 };
enum { poll_in = 1, poll_out = 4, poll_err = 8, poll_hup = 16 };

struct entry { unsigned long inode, offset; unsigned short size; unsigned char type; char name[]; };
struct pollfd { int fd; short events; short revents; };
struct timespec { long seconds; long nanoseconds; };
struct sockaddr_in { unsigned short family; unsigned short port; unsigned int address; unsigned char zero[8]; };

static char buffer[65536];

__attribute__((noreturn)) static void leave(long code) {
  for (;;) call(sys_exit, code, 0, 0, 0, 0);
}
static void check(long result) {
  if (result < 0) leave(-result < wrong_use ? -result : wrong_use - 1);
}
static size_t length(const char *text) {
  size_t n = 0;
  while (text[n] != 0) n++;
  return n;
}
static int same(const char *a, const char *b) {
  while (*a != 0 && *a == *b) a++, b++;
  return *a == *b;
}
static void put(int fd, const char *bytes, size_t count) {
  while (count > 0) {
    ssize_t n = call(sys_write, fd, (long)bytes, (long)count, 0, 0);
    if (n == -e_interrupted) continue;
    check(n);
    bytes += n;
    count -= (size_t)n;
  }
}
static void put_text(const char *text) { put(1, text, length(text)); }
static void put_number(unsigned long value, char end) {
  char digits[24];
  size_t at = sizeof digits;
  digits[--at] = end;
  do digits[--at] = (char)('0' + value % 10); while ((value /= 10) > 0);
  put(1, digits + at, sizeof digits - at);
}
static long number(const char *text) {
  long value = 0;
  if (*text == 0) leave(wrong_use);
  for (; *text != 0; text++) {
    if (*text < '0' || *text > '9' || value > 100000000) leave(wrong_use);
    value = value * 10 + (*text - '0');
  }
  return value;
}

/* Waits for any of the events; leaves with ETIMEDOUT where none comes. */
static void await(struct pollfd *fds, int count, long milliseconds) {
  struct timespec limit = {milliseconds / 1000, milliseconds % 1000 * 1000000};
  long n;
  do n = call(sys_poll, (long)fds, count, (long)&limit, 0, 8); while (n == -e_interrupted);
  check(n);
  if (n == 0) leave(e_timed_out);
}

static void do_connect(long port, long milliseconds) {
  struct sockaddr_in to = {2, (unsigned short)(port << 8 | port >> 8), 0x0100007f, {0}};
  if (port < 1 || port > 65535) leave(wrong_use);
  long fd = call(sys_socket, 2, 1 | 04000, 0, 0, 0);
  check(fd);
  long result = call(sys_connect, fd, (long)&to, sizeof to, 0, 0);
  if (result != -e_in_progress) check(result);
  struct pollfd out = {(int)fd, poll_out, 0};
  await(&out, 1, milliseconds);
  int error = 0, size = sizeof error;
  check(call(sys_getsockopt, fd, 1, 4, (long)&error, (long)&size));
  if (error != 0) leave(error);
  put_text("connected\n");
  /* Both ways at once: TLS takes turns. The end of standard input closes nothing: the answer may still come. */
  struct pollfd fds[2] = {{(int)fd, poll_in, 0}, {0, poll_in, 0}};
  int count = 2;
  for (;;) {
    fds[0].revents = fds[1].revents = 0;
    await(fds, count, milliseconds);
    if (count == 2 && fds[1].revents != 0) {
      ssize_t n = call(sys_read, 0, (long)buffer, sizeof buffer, 0, 0);
      if (n == 0) count = 1;
      else if (n != -e_interrupted) check(n);
      for (ssize_t sent = 0; sent < n;) {
        await(&out, 1, milliseconds);
        ssize_t more = call(sys_write, fd, (long)(buffer + sent), n - sent, 0, 0);
        if (more == -e_again || more == -e_interrupted) continue;
        check(more);
        sent += more;
      }
    }
    if (fds[0].revents != 0) {
      ssize_t n = call(sys_read, fd, (long)buffer, sizeof buffer, 0, 0);
      if (n == -e_again || n == -e_interrupted) continue;
      check(n);
      if (n == 0) return;
      put(1, buffer, (size_t)n);
    }
  }
}

static void do_statfs(const char *path) {
  struct { long type, block_size; unsigned long blocks, free, available, files, free_files; long rest[16]; } fs;
  check(call(sys_statfs, (long)path, (long)&fs, 0, 0, 0));
  unsigned long size = (unsigned long)fs.block_size;
  put_number(fs.blocks * size, ' ');
  put_number(fs.free * size, ' ');
  put_number(fs.available * size, ' ');
  put_number(fs.files, ' ');
  put_number(fs.free_files, '\n');
}

static void do_cat(const char *path) {
  long fd = call(sys_open_at, at_fdcwd, (long)path, 0, 0, 0);
  if (fd < 0) return;
  put_text(path);
  put_text("\n");
  ssize_t n;
  while ((n = call(sys_read, fd, (long)buffer, sizeof buffer, 0, 0)) > 0) put(1, buffer, (size_t)n);
  put_text("\n");
  call(sys_close, fd, 0, 0, 0, 0);
}

static void do_ls(const char *path) {
  long fd = call(sys_open_at, at_fdcwd, (long)path, o_directory, 0, 0);
  if (fd < 0) return;
  ssize_t n;
  while ((n = call(sys_getdents64, fd, (long)buffer, sizeof buffer, 0, 0)) > 0) {
    for (ssize_t at = 0; at < n;) {
      struct entry *entry = (void *)(buffer + at);
      at += entry->size;
      if (same(entry->name, ".") || same(entry->name, "..")) continue;
      put_text(path);
      put_text("/");
      put_text(entry->name);
      put_text("\n");
    }
  }
  check(n);
  call(sys_close, fd, 0, 0, 0, 0);
}

static long open_at(long folder, const char *name, long flags) {
  return call(sys_open_at, folder, (long)name, flags, 0, 0);
}

/* Removes a name in a folder, and whatever is below it. Gone already is success. */
static void remove_at(long folder, const char *name) {
  long result = call(sys_unlink_at, folder, (long)name, 0, 0, 0);
  if (result == -e_none) return;
  if (result != -e_is_folder) {
    check(result);
    return;
  }
  long fd = open_at(folder, name, o_directory | o_nofollow);
  check(fd);
  char entries[2048];
  ssize_t n;
  while ((n = call(sys_getdents64, fd, (long)entries, sizeof entries, 0, 0)) > 0) {
    for (ssize_t at = 0; at < n;) {
      struct entry *entry = (void *)(entries + at);
      at += entry->size;
      if (!same(entry->name, ".") && !same(entry->name, "..")) remove_at(fd, entry->name);
    }
  }
  check(n);
  call(sys_close, fd, 0, 0, 0, 0);
  check(call(sys_unlink_at, folder, (long)name, at_remove_dir, 0, 0));
}

/* Source of the order: AtomicWriter.Write in kubernetes/pkg/volume/util/atomic_writer.go. */
static void do_publish(const char *volume, const char *folder) {
  static char link[512];
  const char *prefix = "..data/";
  ssize_t n;
  for (size_t i = 0; i < 7; i++) link[i] = prefix[i];
  long v = open_at(at_fdcwd, volume, o_directory);
  check(v);
  long f = open_at(v, folder, o_directory | o_nofollow);
  check(f);
  remove_at(v, "..data_tmp");
  check(call(sys_symlink_at, (long)folder, v, (long)"..data_tmp", 0, 0));
  check(call(sys_rename_at, v, (long)"..data_tmp", v, (long)"..data", 0));
  while ((n = call(sys_getdents64, f, (long)buffer, sizeof buffer, 0, 0)) > 0) {
    for (ssize_t at = 0; at < n;) {
      struct entry *entry = (void *)(buffer + at);
      at += entry->size;
      if (same(entry->name, ".") || same(entry->name, "..")) continue;
      for (size_t i = 0; i <= length(entry->name); i++) link[7 + i] = entry->name[i];
      long result = call(sys_symlink_at, (long)link, v, (long)entry->name, 0, 0);
      if (result != -e_exists) check(result);
    }
  }
  check(n);
  while ((n = call(sys_getdents64, v, (long)buffer, sizeof buffer, 0, 0)) > 0) {
    for (ssize_t at = 0; at < n;) {
      struct entry *entry = (void *)(buffer + at);
      at += entry->size;
      const char *name = entry->name;
      if (same(name, ".") || same(name, "..") || same(name, "..data") || same(name, folder)) continue;
      if (name[0] != '.' || name[1] != '.') {
        long there = open_at(f, name, o_path | o_nofollow);
        if (there >= 0) {
          call(sys_close, there, 0, 0, 0, 0);
          continue;
        }
      }
      remove_at(v, name);
    }
  }
  check(n);
  call(sys_close, f, 0, 0, 0, 0);
  call(sys_close, v, 0, 0, 0, 0);
}

static void do_type(const char *path) {
  union { char bytes[256]; struct { unsigned int before[7]; unsigned short mode; } file; } found;
  check(call(sys_statx, at_fdcwd, (long)path, 0, 1, (long)&found));
  switch (found.file.mode & 0170000) {
    case 0040000: put_text("Directory\n"); return;
    case 0100000: put_text("File\n"); return;
    case 0140000: put_text("Socket\n"); return;
    case 0020000: put_text("CharDevice\n"); return;
    case 0060000: put_text("BlockDevice\n"); return;
    default: put_text("Other\n");
  }
}

static int has_variable(long fd, const char *variable) {
  long at = 0;
  ssize_t n;
  while ((n = call(sys_read, fd, (long)buffer, sizeof buffer, 0, 0)) > 0) {
    for (ssize_t i = 0; i < n; i++) {
      int matches = at >= 0 && buffer[i] == variable[at];
      if (buffer[i] == 0 && matches) return 1;
      at = buffer[i] == 0 ? 0 : matches ? at + 1 : -1;
    }
  }
  return 0;
}

/* How many it found. Those that have ended, or that cannot be looked into, have no environment. */
static int kill_all(const char *variable) {
  int found = 0;
  char entries[2048];
  ssize_t n;
  long proc = open_at(at_fdcwd, "/proc", o_directory);
  check(proc);
  while ((n = call(sys_getdents64, proc, (long)entries, sizeof entries, 0, 0)) > 0) {
    for (ssize_t at = 0; at < n;) {
      struct entry *entry = (void *)(entries + at);
      at += entry->size;
      if (entry->name[0] < '1' || entry->name[0] > '9') continue;
      long folder = open_at(proc, entry->name, o_directory);
      long environment = folder < 0 ? folder : open_at(folder, "environ", 0);
      if (environment >= 0) {
        if (has_variable(environment, variable)) {
          found++;
          long result = call(sys_kill, number(entry->name), 9, 0, 0, 0);
          if (result != -e_no_process) check(result);
        }
        call(sys_close, environment, 0, 0, 0, 0);
      }
      if (folder >= 0) call(sys_close, folder, 0, 0, 0, 0);
    }
  }
  check(n);
  call(sys_close, proc, 0, 0, 0, 0);
  return found;
}

/* Again until none is left: what forks is faster than one look, and what is killed takes a moment to go. */
static void do_kill(const char *variable) {
  struct timespec moment = {0, 10000000};
  for (int looks = 0; looks < 100; looks++) {
    if (kill_all(variable) == 0) return;
    call(sys_poll, 0, 0, (long)&moment, 0, 8);
  }
  leave(e_timed_out);
}

__attribute__((used, noreturn)) void begin(long *stack) {
  long count = stack[0];
  const char **words = (const char **)(stack + 1);
  const char *verb = count > 1 ? words[1] : "";
  if (same(verb, "rename") && count == 4) {
    check(call(sys_rename_at, at_fdcwd, (long)words[2], at_fdcwd, (long)words[3], 0));
  } else if (same(verb, "publish") && count > 3 && count % 2 == 0) {
    for (long i = 2; i < count; i += 2) do_publish(words[i], words[i + 1]);
  } else if (same(verb, "type") && count == 3) {
    do_type(words[2]);
  } else if (same(verb, "connect") && count == 4) {
    do_connect(number(words[2]), number(words[3]));
  } else if (same(verb, "statfs") && count > 2) {
    for (long i = 2; i < count; i++) do_statfs(words[i]);
  } else if (same(verb, "cat") && count > 2) {
    for (long i = 2; i < count; i++) do_cat(words[i]);
  } else if (same(verb, "ls") && count > 2) {
    for (long i = 2; i < count; i++) do_ls(words[i]);
  } else if (same(verb, "kill") && count == 3) {
    do_kill(words[2]);
  } else if (same(verb, "pause") && count == 2) {
    for (;;) call(sys_poll, 0, 0, 0, 0, 8);
  } else {
    leave(wrong_use);
  }
  leave(0);
}
