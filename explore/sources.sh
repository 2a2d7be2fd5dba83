#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# sources.sh    the C sources of the page, a line each: the rule, and of the tool what reads
#               pasted descriptions and says what the rule says of them
top=$(dirname "$(dirname "$(readlink -f "$0")")")
printf '%s\n' "$top"/explore/*.c "$top"/module/rule.c \
	"$top"/userspace/commands/explain_{view,say,cure}.c \
	"$top"/userspace/lib/described{,_text,_esxcli,_save,_settle,_else,_file}.c \
	"$top"/userspace/lib/{addr,text,utf8,error,names,rows}.c
