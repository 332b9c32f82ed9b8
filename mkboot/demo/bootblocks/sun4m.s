! SPDX-License-Identifier: Apache-2.0
! mkboot's own boot block for sun4m: sectors 1 to 15 of a slice, an a.out of its .text alone.
! It names itself and the slice, says whether there is a UFS (magic at byte 8192 + 1372),
! and halts.  Position-independent.  The PROM's romvec comes in %o0; its offsets are those
! of a version 2 or 3 PROM (Linux asm/openprom.h, struct linux_romvec).
	putchar = 84
	halt = 116
	bootpath = 136
	dev_open = 172
	dev_read = 180
	dev_seek = 188
	superblock = 8192
	magic_at = 1372
	.macro	say what
	mov	%l6, %o1
	call	puts
	 add	%l7, \what - here, %o0
	.endm

	.text
	.global _start
_start:
	save	%sp, -96, %sp
	call	1f
	 nop
here:
hello:	.asciz	"\r\nMKBOOT-SUN4M "
yes:	.asciz	"\r\nMKBOOT-UFS yes\r\n"
no:	.asciz	"\r\nMKBOOT-UFS no\r\n"
last:	.asciz	"MKBOOT-END\r\n"
	.align	8
1:	add	%o7, 8, %l7		! the address of "here"
	ld	[%i0 + putchar], %l6
	say	hello
	ld	[%i0 + bootpath], %l0
	ld	[%l0], %l0		! the path itself
	mov	%l6, %o1
	call	puts
	 mov	%l0, %o0
	ld	[%i0 + dev_open], %l1
	call	%l1
	 mov	%l0, %o0
	mov	%o0, %l2		! the open slice
	ld	[%i0 + dev_seek], %l1
	mov	0, %o1
	call	%l1			! seek(slice, high word, low word)
	 set	superblock, %o2
	add	%l7, buffer - here, %l3
	ld	[%i0 + dev_read], %l1
	mov	%l2, %o0
	mov	%l3, %o1
	call	%l1			! read(slice, address, length)
	 mov	2048, %o2
	ld	[%l3 + magic_at], %l4
	set	0x11954, %l5
	cmp	%l4, %l5
	be	2f
	 add	%l7, yes - here, %o0
	add	%l7, no - here, %o0
2:	call	puts
	 mov	%l6, %o1
	say	last
	ld	[%i0 + halt], %l1
	call	%l1
	 nop
3:	ba	3b
	 nop

! puts(string, putchar): one character after the other
puts:	save	%sp, -96, %sp
4:	ldub	[%i0], %o0
	cmp	%o0, 0
	be	5f
	 nop
	call	%i1
	 add	%i0, 1, %i0
	ba	4b
	 nop
5:	ret
	 restore
	.align	8
buffer:
