# SPDX-License-Identifier: GPL-2.0-only
# Names the targets; the work is in the folders.

all: module tool ## build the module (for KDIR) and the tool

module: ## build the module; prints where it is
	@selftests/vm/build.sh

tool: ## build the tool, userspace/migsel
	@selftests/vm/need.sh build
	@$(MAKE) --no-print-directory -C userspace

vm: ## a root shell in the test kernel, or RUN='command' there
	@selftests/vm/run.sh

lab: ## two hosts in the test kernel and exercises to learn with, a shell on each; LAB=tmux
	@lab/run.sh

lab-test: ## every exercise of the lab, played
	@selftests/check.sh lab_exercises.sh

explore: ## a page where the rule itself runs, written to explore.html
	@explore/build.sh

demo: ## the pitfall and its cures, written to demo-report/index.html
	@demo/run.sh

check: ## every test that needs no special machine
	@selftests/check.sh

kselftest: ## the kernel's own net selftests, without and with the module: what differs
	@selftests/kselftest/run.sh

bench: ## what a packet costs beside other ways to steer it, written to bench-report/
	@selftests/bench/run.sh

fuzz: ## what reads descriptions of hosts, by coverage; SECONDS_OF_IT=60
	@selftests/fuzz/run.sh

lint: ## every static check of the sources
	@selftests/lint.sh

coverage: ## which lines of module and tool the tests run, in the debug kernel
	@selftests/coverage.sh

install: tool ## tool, man page and module; DESTDIR and PREFIX honoured
	@selftests/vm/build.sh --install
	@$(MAKE) --no-print-directory -C userspace install

dkms: tool ## as install, but DKMS builds the module, for each kernel there will be
	@scripts/dkms.sh
	@$(MAKE) --no-print-directory -C userspace install

uninstall: ## removes what install or dkms put there
	@$(MAKE) --no-print-directory -C userspace uninstall
	@scripts/dkms.sh --remove
	@selftests/vm/build.sh --uninstall

docs: ## Documentation/ as HTML, written to docs-html/
	@scripts/docs.sh

deb: ## Debian packages of tool, module (DKMS) and documentation, written to deb/
	@scripts/deb.sh

series: ## patches that add migsel to a kernel tree, written to series/; TREE=FOLDER
	@scripts/series.sh $${TREE:+"$$TREE"}

clean: ## removes what was built
	$(RM) -r .cache/build docs-html
	@$(MAKE) --no-print-directory -C userspace clean

distclean: clean ## removes what was downloaded and reported, too
	$(RM) -r .cache demo-report bench-report kselftest-report deb series explore.html

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /  make \1\t/p' Makefile | expand -t 18
	@sed -n '/^# What the environment/,/^$$/{s/^#   /  /p}' selftests/vm/run.sh
	@echo '  TREE=FOLDER     for series: the kernel tree (default: the newest source that is known here)'
	@echo '  KDIR=FOLDER     kernel headers or build tree for module (default: the running kernel)'
	@echo '  HOST=FILE       for lab: the host that FILE describes, and a peer'
	@echo "  TOPICS='a b'    for check: these of selftests/, by name (default: all that suit the kernel)"
	@echo '  HOST_FILE=FILE  for demo: the host that FILE describes, with traffic'
	@echo "  KERNELS=all     for check: all test kernels, or those named, one after another"
	@echo "  MODES='a b'     for kselftest: these of its modes (default: all); LIMIT=900 seconds for a test"
	@echo '  JOBS=2          tests, or checks, at a time (default: one for each CPU)'

.PHONY: all module tool vm lab lab-test explore demo check kselftest bench fuzz lint coverage install dkms uninstall docs deb series clean distclean help
