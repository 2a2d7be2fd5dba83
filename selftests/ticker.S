/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The firmware of the virtual machines that the tests migrate: 18 times a second it adds
 * one to the 32-bit number at 0x600, and sleeps in between. For a machine without
 * local APIC, so that the timer reaches the processor.
 */
	.code16
	.org 0xff00
start:
	cli
	xor	%ax, %ax
	mov	%ax, %ds
	mov	%ax, %ss
	mov	$0x7000, %sp

	movw	$tick, 8 * 4		/* interrupt 8 */
	movw	$0xf000, 8 * 4 + 2

	mov	$0x11, %al		/* interrupt controller: from 8 on, */
	out	%al, $0x20
	mov	$8, %al
	out	%al, $0x21
	mov	$4, %al
	out	%al, $0x21
	mov	$1, %al
	out	%al, $0x21
	mov	$0xfe, %al		/* and of those only the timer's */
	out	%al, $0x21

	mov	$0x34, %al		/* timer: as slow as it goes */
	out	%al, $0x43
	xor	%al, %al
	out	%al, $0x40
	out	%al, $0x40

	sti
1:	hlt
	jmp	1b

tick:
	incl	0x600
	push	%ax
	mov	$0x20, %al
	out	%al, $0x20
	pop	%ax
	iret

	.org 0xfff0
	ljmp	$0xf000, $start
	.org 0x10000
