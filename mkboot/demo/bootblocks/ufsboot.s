! SPDX-License-Identifier: Apache-2.0
! mkboot's stand-in for /platform/sun4u/ufsboot: says that it runs and from which
! bootpath, and powers off, through
! the client interface (IEEE 1275, service "interpret"; its entry comes in %o4).
! Position-independent; linked to nothing, it becomes an a.out of its .text alone.
	.text
	.global _start
_start:
	save	%sp, -208, %sp
1:	rd	%pc, %l0
	add	%l0, (cells - 1b), %l1
	add	%l0, (service - 1b), %l2
	stx	%l2, [%l1]
	add	%l0, (words - 1b), %l2
	stx	%l2, [%l1 + 24]
	call	%i4
	 mov	%l1, %o0
2:	ba	2b
	 nop
	.align 8
cells:	.xword	0, 1, 0, 0, 0		! service, arguments, results, string, result
service: .asciz	"interpret"
words:	.ascii	".\" MKBOOT-UFSBOOT-RUNS \" "
	.ascii	"\" /chosen\" find-package drop \" bootpath\" rot get-package-property drop type cr "
	.asciz	".\" MKBOOT-END\" cr power-off"
	.align 8
