// How long threads that wait for each other spin. libgomp lets them for many milliseconds, which
// makes the program up to twenty times slower where other work shares the cores; asleep at once,
// they cost a short step of decoding twice its time. It reads the setting from the environment
// while it is loaded, before main(): so the program starts itself again with the setting, before
// the constructors of the libraries have run (0.1 s). OMP_WAIT_POLICY and GOMP_SPINCOUNT, where
// given, are left alone.
#if defined(__linux__) && !defined(__SANITIZE_ADDRESS__)
#include <unistd.h>

namespace {

constexpr const char* kSetting = "GOMP_SPINCOUNT=10000";  // about half a millisecond

bool begins_with(const char* text, const char* beginning) {
  while (*beginning != '\0')
    if (*text++ != *beginning++) return false;
  return true;
}

/// Whether /proc/self/exe is this program, not the loader that was told to run it ("ld-linux...").
bool is_own_program() {
  char path[4096];
  const ssize_t size = readlink("/proc/self/exe", path, sizeof(path) - 1);
  if (size <= 0) return false;
  path[size] = '\0';
  const char* name = path;
  for (const char* at = path; *at != '\0'; ++at)
    if (*at == '/') name = at + 1;
  return !begins_with(name, "ld-") && !begins_with(name, "ld.");
}

// Nothing of the C++ library and little of the C library is ready here.
void limit_spinning(int, char** arguments, char** environment) {
  constexpr int kMost = 4096;
  static char* with_setting[kMost + 2];
  int count = 0;
  for (; environment[count] != nullptr; ++count) {
    if (count == kMost || begins_with(environment[count], "OMP_WAIT_POLICY=") ||
        begins_with(environment[count], "GOMP_SPINCOUNT="))
      return;
    with_setting[count] = environment[count];
  }
  if (!is_own_program()) return;
  with_setting[count] = const_cast<char*>(kSetting);
  execve("/proc/self/exe", arguments,
         with_setting);  // where it fails, the program goes on as it is
}

__attribute__((section(".preinit_array"), used)) void (*const at_start)(int, char**,
                                                                        char**) = limit_spinning;

}  // namespace
#endif
