/*
 * The launcher of the portable executable: [this program][payload][trailer], one file.
 *
 * The first run unpacks the payload into the cache folder, later runs find it there; both then become the
 * runtime by exec: no child, so signals and the exit code are the program's own.
 *
 * Owns: finding the cache folder, unpacking, noticing a damaged folder, the runtime's arguments and environment.
 * Does not own: what the payload holds and the arguments' text (scripts/compile.ts writes launch.h).
 *
 * Invariants:
 * 1. A folder gets its final name only when every byte of the payload had the recorded hash and is on disk.
 * 2. Who unpacks holds the lock, so a leftover temporary folder of the same payload is dead and is removed.
 * 3. A folder counts as whole when each file has its recorded length and none is newer than the marker `ok`.
 * 4. It writes nowhere but in the cache folder, and reads no configuration but the environment.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "inflate.h"
#include "launch.h" /* launch_arguments, launch_unset, LAUNCH_PROGRAM: generated */
#include "sha256.h"

enum { PATH_BYTES_MAX = 4096, THREADS_MAX = 4, TRAILER_BYTES = 64, EXIT_UNAVAILABLE = 8, EXIT_CORRUPT = 9 };
static const char trailer_magic[16] = "ENGRAMLT-FILE-1\n";

struct payload {
  const uint8_t *bytes;
  size_t length;
  uint8_t sha256[32];
  char hex[65];
};

struct entry {
  uint64_t offset, size; /* place of the content in the unpacked stream */
  unsigned mode;
  char path[512];
};

struct member {
  const uint8_t *deflated;
  uint32_t deflated_length, length;
  uint64_t offset; /* of its first byte in the unpacked stream */
};

struct unpacking {
  const char *folder;
  struct entry *entries;
  struct member *members;
  int entry_count, member_count;
  atomic_int next, error; /* error: an errno, or -1 for damage */
};

static int wants_json;

static void print_json_string(const char *s) {
  fputc('"', stderr);
  for (; *s; s++) {
    if (*s == '"' || *s == '\\') fprintf(stderr, "\\%c", *s);
    else if ((unsigned char)*s < 32) fprintf(stderr, "\\u%04x", *s);
    else fputc(*s, stderr);
  }
  fputc('"', stderr);
}

/* Ends the program with a refusal in the program's own form: action, colon, state; a hint; an exit code. */
static _Noreturn void refuse(int exit_code, const char *code, const char *hint, const char *format, ...) {
  char message[2 * PATH_BYTES_MAX];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  if (wants_json) {
    fprintf(stderr, "{\"error\":{\"code\":\"%s\",\"message\":", code);
    print_json_string(message);
    fputs(",\"hint\":", stderr);
    print_json_string(hint);
    fputs("}}\n", stderr);
  } else {
    fprintf(stderr, "error: %s\nhint: %s\n", message, hint);
  }
  exit(exit_code);
}

static _Noreturn void refuse_cache(const char *path, int error) {
  refuse(EXIT_UNAVAILABLE, error == ENOSPC ? "disk_full" : "io_failed",
         "Set ENGRAMLT_CACHE to a folder that can be written and has 200 MB free", "Cannot unpack the program to %s: %s",
         path, strerror(error));
}

static _Noreturn void refuse_damaged(const char *what) {
  refuse(EXIT_CORRUPT, "executable_corrupt", "Download it again, or build it again with deno task compile",
         "Cannot start: this executable file is damaged (%s)", what);
}

static void join(char *out, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int n = vsnprintf(out, PATH_BYTES_MAX, format, arguments);
  va_end(arguments);
  if (n < 0 || n >= PATH_BYTES_MAX)
    refuse(EXIT_UNAVAILABLE, "io_failed", "Set ENGRAMLT_CACHE to a shorter path", "Cannot start: a path is too long");
}

static uint64_t little(const uint8_t *p, int bytes) {
  uint64_t v = 0;
  for (int i = 0; i < bytes; i++) v |= (uint64_t)p[i] << (8 * i);
  return v;
}

/* Maps this file and finds the payload behind the program. */
static struct payload open_payload(const char *executable) {
  struct payload payload;
  struct stat status;
  int fd = open(executable, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || fstat(fd, &status) != 0 || status.st_size < TRAILER_BYTES) refuse_damaged("it cannot read itself");
  const uint8_t *file = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
  close(fd);
  if (file == MAP_FAILED) refuse_damaged("it cannot read itself");
  const uint8_t *trailer = file + status.st_size - TRAILER_BYTES;
  uint64_t offset = little(trailer + 16, 8), length = little(trailer + 24, 8);
  if (memcmp(trailer, trailer_magic, 16) != 0 || offset > (uint64_t)status.st_size - TRAILER_BYTES ||
      length != (uint64_t)status.st_size - TRAILER_BYTES - offset)
    refuse_damaged("its end is missing");
  payload.bytes = file + offset;
  payload.length = (size_t)length;
  memcpy(payload.sha256, trailer + 32, 32);
  for (int i = 0; i < 32; i++) sprintf(payload.hex + 2 * i, "%02x", payload.sha256[i]);
  return payload;
}

static int make_folders(char *path, mode_t mode) {
  for (char *p = path + 1; *p; p++) {
    if (*p != '/') continue;
    *p = 0;
    struct stat status;
    int error = mkdir(path, mode) == 0 ? 0 : errno;
    if (error && stat(path, &status) == 0) error = 0; /* it is there, or the next level says what is wrong */
    *p = '/';
    if (error) return error;
  }
  if (mkdir(path, mode) == 0 || errno == EEXIST) {
    struct stat status;
    if (stat(path, &status) != 0) return errno;
    return S_ISDIR(status.st_mode) ? 0 : ENOTDIR;
  }
  return errno;
}

/* A folder in the shared temporary folder is trusted only when it is ours alone. */
static void private_temporary_root(char *root) {
  const char *temporary = getenv("TMPDIR");
  struct stat status;
  join(root, "%s/engramlt-%u", temporary && temporary[0] == '/' ? temporary : "/tmp", (unsigned)geteuid());
  if (mkdir(root, 0700) != 0 && errno != EEXIST) refuse_cache(root, errno);
  if (lstat(root, &status) != 0) refuse_cache(root, errno);
  if (!S_ISDIR(status.st_mode) || status.st_uid != geteuid() || (status.st_mode & 077) != 0)
    refuse(EXIT_UNAVAILABLE, "io_failed", "Set ENGRAMLT_CACHE to a folder of your own",
           "Cannot unpack the program to %s: others can write there", root);
}

/* ENGRAMLT_CACHE, else the user's cache folder, else a private temporary one. */
static void find_root(char *root) {
  const char *chosen = getenv("ENGRAMLT_CACHE"), *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
  struct stat status;
  if (chosen && chosen[0]) {
    char here[PATH_BYTES_MAX];
    if (chosen[0] == '/') join(root, "%s", chosen);
    else if (getcwd(here, sizeof here)) join(root, "%s/%s", here, chosen);
    else refuse_cache(chosen, errno);
  } else if (xdg && xdg[0] == '/') {
    join(root, "%s/engramlt", xdg);
  } else if (home && home[0] == '/' && stat(home, &status) == 0) {
#ifdef __APPLE__
    join(root, "%s/Library/Caches/engramlt", home);
#else
    join(root, "%s/.cache/engramlt", home);
#endif
  } else {
    private_temporary_root(root);
  }
}

static int remove_tree(const char *path) {
  if (unlink(path) == 0 || errno == ENOENT) return 0;
  DIR *folder = opendir(path);
  if (!folder) return errno;
  char inner[PATH_BYTES_MAX];
  for (struct dirent *e; (e = readdir(folder));) {
    if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
    join(inner, "%s/%s", path, e->d_name);
    remove_tree(inner);
  }
  closedir(folder);
  return rmdir(path) == 0 ? 0 : errno;
}

/* Removes what an unpacking of this payload left behind when it was killed. Only under the lock. */
static void remove_leftovers(const char *root, const char *name) {
  DIR *folder = opendir(root);
  if (!folder) return;
  char prefix[64], path[PATH_BYTES_MAX];
  snprintf(prefix, sizeof prefix, "%s.part-", name);
  for (struct dirent *e; (e = readdir(folder));) {
    if (strncmp(e->d_name, prefix, strlen(prefix)) != 0) continue;
    join(path, "%s/%s", root, e->d_name);
    remove_tree(path);
  }
  closedir(folder);
}

static int newer(const struct stat *a, const struct stat *b) {
#ifdef __APPLE__
  const struct timespec s = a->st_mtimespec, t = b->st_mtimespec;
#else
  const struct timespec s = a->st_mtim, t = b->st_mtim;
#endif
  return s.tv_sec > t.tv_sec || (s.tv_sec == t.tv_sec && s.tv_nsec > t.tv_nsec);
}

/* Parses the list of files, "offset size mode path" a line; -1 for damage. Memory is given back by exec or exit. */
static int parse_list(char *text, struct entry **out) {
  int count = 0;
  for (const char *p = text; (p = strchr(p, '\n')); p++) count++;
  struct entry *entries = calloc((size_t)count + 1, sizeof *entries);
  int n = 0;
  for (char *line = text, *end; entries && (end = strchr(line, '\n')); line = end + 1, n++) {
    *end = 0;
    struct entry *e = &entries[n];
    unsigned long long offset, size;
    if (sscanf(line, "%llu %llu %o %511[^\n]", &offset, &size, &e->mode, e->path) != 4) return -1;
    if (e->path[0] == '/' || strstr(e->path, "..")) return -1;
    e->offset = offset;
    e->size = size;
  }
  *out = entries;
  return entries ? n : -1;
}

static int is_whole(const char *folder, const struct payload *payload) {
  char path[PATH_BYTES_MAX], marker[80] = "";
  struct stat ok, status;
  join(path, "%s/ok", folder);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  ssize_t n = read(fd, marker, sizeof marker - 1);
  int known = n >= 64 && strncmp(marker, payload->hex, 64) == 0 && fstat(fd, &ok) == 0;
  close(fd);
  if (!known) return 0;
  join(path, "%s/app/.files", folder);
  fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  struct entry *entries;
  int count = -1;
  if (fstat(fd, &status) == 0 && !newer(&status, &ok) && status.st_size < 1 << 24) {
    char *text = calloc((size_t)status.st_size + 1, 1);
    if (text && read(fd, text, (size_t)status.st_size) == status.st_size) count = parse_list(text, &entries);
  }
  close(fd);
  for (int i = 0; i < count; i++) {
    join(path, "%s/%s", folder, entries[i].path);
    if (lstat(path, &status) != 0 || !S_ISREG(status.st_mode) || (uint64_t)status.st_size != entries[i].size ||
        newer(&status, &ok))
      return 0;
  }
  return count > 0;
}

/* Splits the payload into its gzip members; each carries its compressed length in an extra field "EL". */
static int split_members(const struct payload *payload, struct member **out) {
  enum { HEADER = 20, FOOTER = 8 };
  struct member *members = NULL;
  int count = 0;
  uint64_t offset = 0;
  for (size_t at = 0; at < payload->length; count++) {
    const uint8_t *p = payload->bytes + at;
    size_t left = payload->length - at;
    if (left < HEADER + FOOTER || memcmp(p, "\x1f\x8b\x08\x04", 4) != 0 || memcmp(p + 10, "\x08\0EL\x04\0", 6) != 0)
      return -1;
    uint32_t deflated = (uint32_t)little(p + 16, 4);
    if (deflated > left - HEADER - FOOTER) return -1;
    if (count % 64 == 0) members = realloc(members, (size_t)(count + 64) * sizeof *members);
    if (!members) return -1;
    uint32_t length = (uint32_t)little(p + HEADER + deflated + 4, 4);
    members[count] = (struct member){p + HEADER, deflated, length, offset};
    offset += length;
    at += HEADER + (size_t)deflated + FOOTER;
  }
  *out = members;
  return count;
}

static int write_all(int fd, const uint8_t *bytes, size_t length, off_t at) {
  while (length) {
    ssize_t n = pwrite(fd, bytes, length, at);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return n == 0 ? EIO : errno;
    bytes += n;
    at += n;
    length -= (size_t)n;
  }
  return 0;
}

/* Opens a file that is being unpacked, to write; -1 with errno. None stays open: there are more of them than some systems
 * let a process open. */
static int open_entry(const struct unpacking *u, const struct entry *e) {
  char path[PATH_BYTES_MAX];
  join(path, "%s/%s", u->folder, e->path);
  return open(path, O_WRONLY | O_CLOEXEC);
}

/* Takes members until none is left: inflates each and writes its share of every file it touches. */
static void *unpack_members(void *argument) {
  struct unpacking *u = argument;
  for (int i; (i = atomic_fetch_add(&u->next, 1)) < u->member_count && !atomic_load(&u->error);) {
    const struct member *m = &u->members[i];
    uint8_t *buffer = malloc(m->length ? m->length : 1);
    if (!buffer || !inflate_raw(m->deflated, m->deflated_length, buffer, m->length)) {
      atomic_store(&u->error, buffer ? -1 : ENOMEM);
      free(buffer);
      break;
    }
    for (int f = 0; f < u->entry_count; f++) {
      const struct entry *e = &u->entries[f];
      uint64_t from = e->offset > m->offset ? e->offset : m->offset;
      uint64_t to = e->offset + e->size < m->offset + m->length ? e->offset + e->size : m->offset + m->length;
      if (from >= to) continue;
      int fd = open_entry(u, e);
      int error = fd < 0 ? errno
                         : write_all(fd, buffer + (from - m->offset), (size_t)(to - from), (off_t)(from - e->offset));
      if (fd >= 0) close(fd);
      if (error) atomic_store(&u->error, error);
    }
    free(buffer);
  }
  return NULL;
}

/* Creates every file of the list, empty. */
static int create_files(struct unpacking *u) {
  char path[PATH_BYTES_MAX];
  for (int i = 0; i < u->entry_count; i++) {
    struct entry *e = &u->entries[i];
    join(path, "%s/%s", u->folder, e->path);
    char *slash = strrchr(path, '/');
    *slash = 0;
    int error = make_folders(path, 0700);
    *slash = '/';
    if (error) return error;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, e->mode | S_IWUSR);
    if (fd < 0) return errno;
    close(fd);
  }
  return 0;
}

static int write_marker(const char *folder, const char *hex) {
  char path[PATH_BYTES_MAX];
  join(path, "%s/ok", folder);
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return errno;
  int error = write_all(fd, (const uint8_t *)hex, 64, 0);
  if (!error && fsync(fd) != 0) error = errno;
  close(fd);
  return error;
}

/* Fills `folder`, which does not exist yet. Returns 0, an errno, or -1 for a damaged payload. */
static int unpack(const struct payload *payload, const char *folder) {
  struct unpacking u = {0};
  char path[PATH_BYTES_MAX];
  u.member_count = split_members(payload, &u.members);
  /* The first member is the list alone: a tar header, then the text. */
  if (u.member_count < 1 || u.members[0].length < 512) return -1;
  char *list = calloc((size_t)u.members[0].length + 1, 1);
  if (!list) return ENOMEM;
  if (!inflate_raw(u.members[0].deflated, u.members[0].deflated_length, (uint8_t *)list, u.members[0].length))
    return -1;
  u.entry_count = parse_list(list + 512, &u.entries);
  if (u.entry_count < 1) return -1;
  join(path, "%s", folder);
  int error = make_folders(path, 0700);
  u.folder = folder;
  if (!error) error = create_files(&u);
  if (error) return error;

  pthread_t threads[THREADS_MAX];
  long cores = sysconf(_SC_NPROCESSORS_ONLN);
  int wanted = cores > THREADS_MAX ? THREADS_MAX : cores > 1 ? (int)cores : 2, started = 0;
  while (started < wanted - 1 && pthread_create(&threads[started], NULL, unpack_members, &u) == 0) started++;
  uint8_t digest[32];
  sha256(payload->bytes, payload->length, digest);
  unpack_members(&u);
  for (int i = 0; i < started; i++) pthread_join(threads[i], NULL);
  if (memcmp(digest, payload->sha256, 32) != 0) return -1;
  error = atomic_load(&u.error);
  for (int i = 0; i < u.entry_count && !error; i++) {
    int fd = open_entry(&u, &u.entries[i]);
    if (fd < 0 || fsync(fd) != 0) error = errno;
    if (fd >= 0) close(fd);
  }
  join(path, "%s/deno_dir", folder);
  if (!error && mkdir(path, 0700) != 0) error = errno;
  return error ? error : write_marker(folder, payload->hex);
}

/* Makes sure that `folder` is whole, under the lock that all runs of this payload share. */
static void install(const struct payload *payload, const char *root, const char *name, const char *folder) {
  char path[PATH_BYTES_MAX], part[PATH_BYTES_MAX];
  join(path, "%s", root);
  int error = make_folders(path, 0700);
  if (error) refuse_cache(root, error);
  join(path, "%s/%s.lock", root, name);
  int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0) refuse_cache(root, errno);
  int locked;
  while ((locked = flock(lock, LOCK_EX)) != 0 && errno == EINTR) continue;
  if (is_whole(folder, payload)) { /* another first run was faster */
    close(lock);
    return;
  }
  if (locked == 0) remove_leftovers(root, name); /* a file system without locks: leave what may be in use */
  join(part, "%s/%s.part-%ld", root, name, (long)getpid());
  error = unpack(payload, part);
  if (error) {
    remove_tree(part);
    if (error == -1) refuse_damaged("its payload does not have the recorded hash");
    refuse_cache(root, error);
  }
  if (rename(part, folder) != 0) { /* a damaged folder has the name */
    join(path, "%s/%s.part-old-%ld", root, name, (long)getpid());
    if (rename(folder, path) == 0) remove_tree(path);
    if (rename(part, folder) != 0 && !is_whole(folder, payload)) {
      error = errno;
      remove_tree(part);
      refuse_cache(root, error);
    }
  }
  int fd = open(root, O_RDONLY | O_CLOEXEC);
  if (fd >= 0) {
    fsync(fd); /* the name; a failure here only means that the next run may unpack again */
    close(fd);
  }
  close(lock);
}

static int has_loader_variables(void) {
  extern char **environ;
  for (char **e = environ; *e; e++)
    if (strncmp(*e, "LD_", 3) == 0 || strncmp(*e, "DYLD_", 5) == 0) return 1;
  return 0;
}

/*
 * The argument's text with {app} and {exe} put in. Two limits of the runtime's permission lists: a path in one
 * cannot hold a comma, and a list of programs forbids all of them while LD_ variables are set. In these cases
 * the kind is allowed as a whole.
 */
static char *expand(const char *text, const char *app, const char *executable) {
  char *out = malloc(strlen(text) + 4 * PATH_BYTES_MAX), *to = out, *equals = NULL;
  if (!out) refuse(EXIT_UNAVAILABLE, "io_failed", "Free some memory", "Cannot start: out of memory");
  int is_list = strncmp(text, "--allow-", 8) == 0;
  int is_whole_kind = strncmp(text, "--allow-run=", 12) == 0 && has_loader_variables();
  while (*text) {
    const char *value = strncmp(text, "{app}", 5) == 0 ? app : strncmp(text, "{exe}", 5) == 0 ? executable : NULL;
    if (*text == '=' && !equals) equals = to;
    if (!value) {
      *to++ = *text++;
      continue;
    }
    text += 5;
    if (is_list && strchr(value, ',')) is_whole_kind = 1;
    while (*value) *to++ = *value++;
  }
  *to = 0;
  if (is_whole_kind && equals) *equals = 0;
  return out;
}

/* Tells the program how many files it may open: the runtime raises its own limit to this, and may not ask. */
static void tell_files(void) {
  struct rlimit files;
  char most[24];
  unsetenv("ENGRAMLT_FILES_MAX");
  if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_max == RLIM_INFINITY) return;
  snprintf(most, sizeof most, "%llu", (unsigned long long)files.rlim_max);
  setenv("ENGRAMLT_FILES_MAX", most, 1);
}

static void find_executable(char *out, const char *given) {
#ifdef __linux__
  ssize_t n = readlink("/proc/self/exe", out, PATH_BYTES_MAX - 1);
  if (n > 0) {
    out[n] = 0;
    return;
  }
#endif
  if (!strchr(given, '/') || !realpath(given, out)) refuse_damaged("it cannot find its own path");
}

int main(int argc, char **argv) {
  char executable[PATH_BYTES_MAX], root[PATH_BYTES_MAX], folder[PATH_BYTES_MAX], app[PATH_BYTES_MAX];
  char program[PATH_BYTES_MAX], name[17];
  for (int i = 1; i < argc; i++)
    if (strcmp(argv[i], "--json") == 0) wants_json = 1;
  find_executable(executable, argv[0] ? argv[0] : "");
  struct payload payload = open_payload(executable);
  snprintf(name, sizeof name, "%.16s", payload.hex);
  find_root(root);
  join(folder, "%s/%s", root, name);
  join(app, "%s/app", folder);
  if (!is_whole(folder, &payload)) install(&payload, root, name, folder);

  int fixed = sizeof launch_arguments / sizeof *launch_arguments, n = 0;
  char **arguments = calloc((size_t)(fixed + argc + 1), sizeof *arguments);
  if (!arguments) refuse(EXIT_UNAVAILABLE, "io_failed", "Free some memory", "Cannot start: out of memory");
  join(program, "%s/%s", folder, LAUNCH_PROGRAM);
  arguments[n++] = program;
  for (int i = 0; i < fixed; i++) arguments[n++] = expand(launch_arguments[i], app, executable);
  for (int i = 1; i < argc; i++) arguments[n++] = argv[i];
  for (size_t i = 0; i < sizeof launch_unset / sizeof *launch_unset; i++) unsetenv(launch_unset[i]);
  char cache[PATH_BYTES_MAX];
  join(cache, "%s/deno_dir", folder);
  setenv("DENO_DIR", cache, 1);
  setenv("DENO_NO_UPDATE_CHECK", "1", 1);
  setenv("ENGRAMLT_EXE", executable, 1);
  tell_files();
  execv(program, arguments);
  refuse_cache(program, errno);
}
