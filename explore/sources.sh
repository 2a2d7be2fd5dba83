#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# sources.sh    the C sources of the page, a line each: the rule, and of the tool what reads
#               pasted descriptions and says what the rule says of them
top=$(dirname "$(dirname "$(readlink -f "$0")")")
printf "$top/%s\n" explore/explore.c module/rule.c \
	userspace/commands/explain_{view,say}.c \
	userspace/lib/described{,_text,_esxcli,_save,_file}.c \
	userspace/lib/{text,utf8,error,names,rows}.c
