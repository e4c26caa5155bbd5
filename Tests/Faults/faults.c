// Makes calls on the files of a lake fail, wait or end the process, where a test says so.
//
// Loaded with LD_PRELOAD into the program under test. Only calls on paths below TRIBUTARY_FAULT_ROOT
// are looked at. Each of them is a step: an operation and a target, the path below the root.
//
//   TRIBUTARY_FAULT_ROOT  the lake's folder, absolute and resolved
//   TRIBUTARY_FAULTS      faults, separated by ';', each <op>:<pattern>:<nth>:<when>:<action>
//   TRIBUTARY_FAULT_LOG   a file that gets one line per step: "<ordinal> <op> <target>", and one
//                         for each fault that came true: "! <op> <target> <when> <action>"
//   TRIBUTARY_FAULT_HANG  a file elsewhere: while it is there, the disk hangs. Steps wait before they
//                         are done, and so do opening, reading and looking at files and folders; the
//                         log says "! hang <op> <target>" for each
//
//   op       open (of a file that is made by it), mkdir, write, fsync, link, rename, unlink, or any
//   pattern  of fnmatch(3), where '*' goes over '/' too; a link or rename has its new name as target
//   nth      the how manieth matching step, from 1; "3+" means the third and all behind it
//   when     before or after the operation, whether it went well or not
//   action   kill, stop, int, term: that signal to this process
//            eio, enospc: the call fails; with `before` nothing was done, with `after` it was
//            eio-after: the call is done and says that it failed, whatever <when> says
//            torn: half of a write is done, and it says that the disk is full
//            delay=<ms>: the call takes longer
//
// A fault that cannot be understood ends the process at once: a test with a slip in it would
// otherwise pass.

#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum when { BEFORE, AFTER };
enum action { SIGNAL, FAIL, DELAY, TORN };

struct fault {
    char op[16];
    char pattern[512];
    long nth;
    bool and_later;
    enum when when;
    enum action action;
    int signal;
    int reason;
    long milliseconds;
    char text[32];
    atomic_long seen;
};

// More faults than any test names at once, and more lines than any of its patterns fill.
#define FAULT_COUNT 32
#define LINE_LENGTH (PATH_MAX + 128)
// Descriptors below this one are left to the program, which may expect low numbers.
#define LOG_DESCRIPTOR 500

static struct fault faults[FAULT_COUNT];
static int fault_count;
static char root[PATH_MAX];
static char hang[PATH_MAX];
static size_t root_length;
static int log_descriptor = -1;
static atomic_long ordinal;
static pthread_once_t once = PTHREAD_ONCE_INIT;

// What the linker would have found without this library. Resolved on first use, as other
// libraries' constructors may write before ours ran.
#define REAL(name) ((__typeof__(&name))real(#name))
static void *real(const char *name) { return dlsym(RTLD_NEXT, name); }

// MARK: Settings

static void refuse(const char *why, const char *what) {
    char line[LINE_LENGTH];
    int length = snprintf(line, sizeof line, "faults: %s: %s\n", why, what);
    if (length > 0) syscall(SYS_write, STDERR_FILENO, line, (size_t)length);
    _exit(99);
}

static void read_action(struct fault *fault, const char *text) {
    snprintf(fault->text, sizeof fault->text, "%s", text);
    fault->action = FAIL;
    if (strcmp(text, "kill") == 0) {
        fault->signal = SIGKILL;
    } else if (strcmp(text, "stop") == 0) {
        fault->signal = SIGSTOP;
    } else if (strcmp(text, "int") == 0) {
        fault->signal = SIGINT;
    } else if (strcmp(text, "term") == 0) {
        fault->signal = SIGTERM;
    } else if (strcmp(text, "eio") == 0) {
        fault->reason = EIO;
    } else if (strcmp(text, "enospc") == 0) {
        fault->reason = ENOSPC;
    } else if (strcmp(text, "eio-after") == 0) {
        fault->reason = EIO;
        fault->when = AFTER;
    } else if (strcmp(text, "torn") == 0) {
        fault->action = TORN;
        fault->when = BEFORE;
    } else if (sscanf(text, "delay=%ld", &fault->milliseconds) == 1) {
        fault->action = DELAY;
    } else {
        refuse("no such action", text);
    }
    if (fault->signal != 0) fault->action = SIGNAL;
}

static void read_fault(char *text) {
    if (fault_count == FAULT_COUNT) refuse("too many faults", text);
    struct fault *fault = &faults[fault_count];
    char *rest = text, *parts[5];
    for (int i = 0; i < 5; i++) {
        parts[i] = strsep(&rest, ":");
        if (parts[i] == NULL) refuse("a fault has five parts", text);
    }
    if (rest != NULL) refuse("a fault has five parts", rest);
    snprintf(fault->op, sizeof fault->op, "%s", parts[0]);
    snprintf(fault->pattern, sizeof fault->pattern, "%s", parts[1]);
    char *end;
    fault->nth = strtol(parts[2], &end, 10);
    fault->and_later = *end == '+';
    if (fault->nth < 1) refuse("steps are counted from 1", parts[2]);
    if (strcmp(parts[3], "before") == 0) {
        fault->when = BEFORE;
    } else if (strcmp(parts[3], "after") == 0) {
        fault->when = AFTER;
    } else {
        refuse("neither before nor after", parts[3]);
    }
    read_action(fault, parts[4]);
    fault_count++;
}

static void start(void) {
    const char *folder = getenv("TRIBUTARY_FAULT_ROOT");
    if (folder == NULL || *folder != '/') return;
    snprintf(root, sizeof root, "%s", folder);
    root_length = strlen(root);
    // Programs under test are not to live longer than their test.
    prctl(PR_SET_PDEATHSIG, SIGKILL);

    const char *log = getenv("TRIBUTARY_FAULT_LOG");
    if (log != NULL) {
        int opened =
            (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        if (opened < 0) refuse("cannot open the log", log);
        log_descriptor = fcntl(opened, F_DUPFD_CLOEXEC, LOG_DESCRIPTOR);
        if (log_descriptor < 0) {
            log_descriptor = opened;
        } else {
            close(opened);
        }
    }
    const char *hanging = getenv("TRIBUTARY_FAULT_HANG");
    if (hanging != NULL) snprintf(hang, sizeof hang, "%s", hanging);
    const char *given = getenv("TRIBUTARY_FAULTS");
    if (given == NULL || *given == 0) return;
    char *copy = strdup(given), *rest = copy, *part;
    while ((part = strsep(&rest, ";")) != NULL) {
        if (*part != 0) read_fault(part);
    }
    free(copy);
}

// Before the program's own code: a slip in the settings is told at once.
__attribute__((constructor)) static void load(void) { pthread_once(&once, start); }

// MARK: Steps

// The path below the root in `target`; false when it lies elsewhere.
static bool below_root(const char *path, char target[PATH_MAX]) {
    if (strncmp(path, root, root_length) != 0 || path[root_length] != '/') return false;
    const char *rest = path + root_length;
    while (*rest == '/') rest++;
    snprintf(target, PATH_MAX, "%s", rest);
    return *rest != 0;
}

static bool target_of_path(int folder, const char *path, char target[PATH_MAX]) {
    pthread_once(&once, start);
    if (root_length == 0 || path == NULL) return false;
    if (*path == '/') return below_root(path, target);
    char base[PATH_MAX], whole[2 * PATH_MAX], link[64];
    if (folder == AT_FDCWD) {
        snprintf(link, sizeof link, "/proc/self/cwd");
    } else {
        snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
    }
    ssize_t length = readlink(link, base, sizeof base - 1);
    if (length < 0) return false;
    base[length] = 0;
    snprintf(whole, sizeof whole, "%s/%s", base, path);
    return below_root(whole, target);
}

static bool target_of_descriptor(int descriptor, char target[PATH_MAX]) {
    pthread_once(&once, start);
    if (root_length == 0) return false;
    int saved = errno;
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    errno = saved;
    if (length < 0) return false;
    path[length] = 0;
    return below_root(path, target);
}

static void say(const char *format, ...) {
    if (log_descriptor < 0) return;
    char line[LINE_LENGTH];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (length > 0) syscall(SYS_write, log_descriptor, line, (size_t)length);
}

struct step {
    const char *op;
    char target[PATH_MAX];
    // Which faults are for this step; counted once, so that `before` and `after` agree.
    bool due[FAULT_COUNT];
};

static void wait_for(long milliseconds) {
    struct timespec rest = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    while (nanosleep(&rest, &rest) != 0 && errno == EINTR) continue;
}

static bool hangs(void) {
    return *hang != 0 && syscall(SYS_faccessat, AT_FDCWD, hang, F_OK) == 0;
}

// Waits while the disk hangs.
static void hold(const char *op, const char *target) {
    int saved = errno;
    if (hangs()) {
        say("! hang %s %s\n", op, target);
        while (hangs()) wait_for(10);
    }
    errno = saved;
}

static void begin(struct step *step, const char *op) {
    hold(op, step->target);
    step->op = op;
    say("%ld %s %s\n", atomic_fetch_add(&ordinal, 1) + 1, op, step->target);
    for (int i = 0; i < fault_count; i++) {
        struct fault *fault = &faults[i];
        step->due[i] = false;
        if (strcmp(fault->op, "any") != 0 && strcmp(fault->op, op) != 0) continue;
        if (fnmatch(fault->pattern, step->target, 0) != 0) continue;
        long count = atomic_fetch_add(&fault->seen, 1) + 1;
        step->due[i] = count == fault->nth || (fault->and_later && count > fault->nth);
    }
}

// Does what is due; the reason the call has to fail for, -1 for a torn write, or 0.
static int act(struct step *step, enum when when) {
    int reason = 0;
    for (int i = 0; i < fault_count; i++) {
        struct fault *fault = &faults[i];
        if (!step->due[i] || fault->when != when) continue;
        say("! %s %s %s %s\n", step->op, step->target, when == BEFORE ? "before" : "after",
            fault->text);
        switch (fault->action) {
        case SIGNAL:
            // Sent to this thread, it takes force before this call returns; sent to the process,
            // this thread could run on to later steps. It stops or ends all threads either way.
            syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), fault->signal);
            break;
        case FAIL: reason = fault->reason; break;
        case TORN: reason = -1; break;
        case DELAY: wait_for(fault->milliseconds); break;
        }
    }
    return reason;
}

// The frame of every call: fail before, do, act after, and keep what the call itself said.
#define STEP(step, name, call)                        \
    do {                                              \
        begin(&(step), name);                         \
        int reason = act(&(step), BEFORE);            \
        if (reason != 0) {                            \
            errno = reason == -1 ? ENOSPC : reason;   \
            return -1;                                \
        }                                             \
        __typeof__(call) result = call;               \
        int said = errno;                             \
        reason = act(&(step), AFTER);                 \
        errno = reason != 0 ? reason : said;          \
        return reason != 0 ? -1 : result;             \
    } while (0)

// MARK: Names

int link(const char *from, const char *to) {
    struct step step;
    if (!target_of_path(AT_FDCWD, to, step.target)) return REAL(link)(from, to);
    STEP(step, "link", REAL(link)(from, to));
}

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags) {
    struct step step;
    if (!target_of_path(to_folder, to, step.target))
        return REAL(linkat)(from_folder, from, to_folder, to, flags);
    STEP(step, "link", REAL(linkat)(from_folder, from, to_folder, to, flags));
}

int rename(const char *from, const char *to) {
    struct step step;
    if (!target_of_path(AT_FDCWD, to, step.target)) return REAL(rename)(from, to);
    STEP(step, "rename", REAL(rename)(from, to));
}

int renameat(int from_folder, const char *from, int to_folder, const char *to) {
    struct step step;
    if (!target_of_path(to_folder, to, step.target))
        return REAL(renameat)(from_folder, from, to_folder, to);
    STEP(step, "rename", REAL(renameat)(from_folder, from, to_folder, to));
}

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags) {
    struct step step;
    if (!target_of_path(to_folder, to, step.target))
        return REAL(renameat2)(from_folder, from, to_folder, to, flags);
    STEP(step, "rename", REAL(renameat2)(from_folder, from, to_folder, to, flags));
}

int unlink(const char *path) {
    struct step step;
    if (!target_of_path(AT_FDCWD, path, step.target)) return REAL(unlink)(path);
    STEP(step, "unlink", REAL(unlink)(path));
}

int unlinkat(int folder, const char *path, int flags) {
    struct step step;
    if (!target_of_path(folder, path, step.target)) return REAL(unlinkat)(folder, path, flags);
    STEP(step, "unlink", REAL(unlinkat)(folder, path, flags));
}

int mkdir(const char *path, mode_t mode) {
    struct step step;
    if (!target_of_path(AT_FDCWD, path, step.target)) return REAL(mkdir)(path, mode);
    STEP(step, "mkdir", REAL(mkdir)(path, mode));
}

// MARK: Files

static int open_with(int folder, const char *path, int flags, mode_t mode) {
    return (int)syscall(SYS_openat, folder, path, flags | O_LARGEFILE, mode);
}

static int open_step(int folder, const char *path, int flags, mode_t mode) {
    struct step step;
    if (!target_of_path(folder, path, step.target)) return open_with(folder, path, flags, mode);
    if (!(flags & O_CREAT)) {
        hold("open", step.target);
        return open_with(folder, path, flags, mode);
    }
    begin(&step, "open");
    int reason = act(&step, BEFORE);
    if (reason != 0) {
        errno = reason == -1 ? ENOSPC : reason;
        return -1;
    }
    int descriptor = open_with(folder, path, flags, mode);
    int said = errno;
    reason = act(&step, AFTER);
    // A descriptor nobody learns of would stay open, and its lock with it.
    if (reason != 0 && descriptor != -1) close(descriptor);
    errno = reason != 0 ? reason : said;
    return reason != 0 ? -1 : descriptor;
}

#define MODE_OF(flags)                                       \
    mode_t mode = 0;                                         \
    if ((flags) & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))) {  \
        va_list arguments;                                   \
        va_start(arguments, flags);                          \
        mode = (mode_t)va_arg(arguments, unsigned);          \
        va_end(arguments);                                   \
    }

int open(const char *path, int flags, ...) {
    MODE_OF(flags)
    return open_step(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    MODE_OF(flags)
    return open_step(AT_FDCWD, path, flags, mode);
}

int openat(int folder, const char *path, int flags, ...) {
    MODE_OF(flags)
    return open_step(folder, path, flags, mode);
}

int openat64(int folder, const char *path, int flags, ...) {
    MODE_OF(flags)
    return open_step(folder, path, flags, mode);
}

// A torn write leaves its first half in the file.
#define WRITE(name, call, half)                                    \
    struct step step;                                              \
    if (!target_of_descriptor(descriptor, step.target)) return call; \
    begin(&step, "write");                                         \
    int reason = act(&step, BEFORE);                               \
    if (reason == -1) {                                            \
        half;                                                      \
        errno = ENOSPC;                                            \
        return -1;                                                 \
    }                                                              \
    if (reason != 0) {                                             \
        errno = reason;                                            \
        return -1;                                                 \
    }                                                              \
    ssize_t result = call;                                         \
    int said = errno;                                              \
    reason = act(&step, AFTER);                                    \
    errno = reason != 0 ? reason : said;                           \
    return reason != 0 ? -1 : result;

ssize_t write(int descriptor, const void *bytes, size_t count) {
    WRITE(write, REAL(write)(descriptor, bytes, count), REAL(write)(descriptor, bytes, count / 2))
}

ssize_t writev(int descriptor, const struct iovec *parts, int count) {
    WRITE(writev, REAL(writev)(descriptor, parts, count), REAL(writev)(descriptor, parts, count / 2))
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
    WRITE(pwrite, REAL(pwrite)(descriptor, bytes, count, offset),
          REAL(pwrite)(descriptor, bytes, count / 2, offset))
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off64_t offset) {
    WRITE(pwrite64, REAL(pwrite64)(descriptor, bytes, count, offset),
          REAL(pwrite64)(descriptor, bytes, count / 2, offset))
}

int fsync(int descriptor) {
    struct step step;
    if (!target_of_descriptor(descriptor, step.target)) return REAL(fsync)(descriptor);
    STEP(step, "fsync", REAL(fsync)(descriptor));
}

int fdatasync(int descriptor) {
    struct step step;
    if (!target_of_descriptor(descriptor, step.target)) return REAL(fdatasync)(descriptor);
    STEP(step, "fsync", REAL(fdatasync)(descriptor));
}

int sync_file_range(int descriptor, off64_t offset, off64_t count, unsigned flags) {
    struct step step;
    if (!target_of_descriptor(descriptor, step.target))
        return REAL(sync_file_range)(descriptor, offset, count, flags);
    STEP(step, "fsync", REAL(sync_file_range)(descriptor, offset, count, flags));
}

// MARK: What is no step, and hangs with the disk

int stat(const char *path, struct stat *status) {
    char target[PATH_MAX];
    if (target_of_path(AT_FDCWD, path, target)) hold("stat", target);
    return REAL(stat)(path, status);
}

DIR *opendir(const char *path) {
    char target[PATH_MAX];
    if (target_of_path(AT_FDCWD, path, target)) hold("opendir", target);
    return REAL(opendir)(path);
}

ssize_t pread(int descriptor, void *bytes, size_t count, off_t offset) {
    char target[PATH_MAX];
    if (target_of_descriptor(descriptor, target)) hold("read", target);
    return REAL(pread)(descriptor, bytes, count, offset);
}

ssize_t pread64(int descriptor, void *bytes, size_t count, off64_t offset) {
    char target[PATH_MAX];
    if (target_of_descriptor(descriptor, target)) hold("read", target);
    return REAL(pread64)(descriptor, bytes, count, offset);
}
