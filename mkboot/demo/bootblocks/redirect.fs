\ SPDX-License-Identifier: Apache-2.0
\ mkboot's own boot block for sun4u: FCode for sectors 1 to 15 of a UFS slice.
\
\ It finds the slice that it was booted from in /chosen's bootpath and reads its UFS with
\ the firmware's own seek and read.  Where /.SUNW-boot-redirect holds a digit (0 is slice a)
\ it goes on with that slice.  There it prints size and checksum of each file that the boot
\ arguments name by an absolute path, or else that the file /mkboot-show names; then it
\ loads /platform/sun4u/ufsboot and starts it, or says that there is none and powers off.
\ The checksum is s = s * 31 + byte, modulo 2^32.
\ Offsets: illumos sys/fs/ufs_fs.h, ufs_inode.h, ufs_fsdir.h.
hex
fcode-version3

0 value ih                      \ the open slice
0 value sb                      \ superblock
0 value di                      \ the inode that iget read last
0 value db                      \ a block of data
0 value b1   0 value f1         \ a block of addresses, and the fragment it was read from
0 value b2   0 value f2         \ another, one level deeper
0 value path 0 value plen       \ bootpath
0 value args 0 value alen       \ bootargs

: bye       ( -- )              ." MKBOOT-END" cr " power-off" evaluate ;
: fail      ( adr len -- )      ." MKBOOT-ERROR " type cr bye ;
: dec.      ( u -- )            a base ! <# u#s u#> type 10 base ! ;
: hex8.     ( u -- )            10 base ! <# 8 0 do u# loop u#> type ;
: min-len   ( n max -- n' )     2dup u> if nip else drop then ;
: /string   ( adr len n -- adr' len' )  tuck - -rot + swap ;

\ ---- the slice
: rd        ( adr len off -- )
   0 " seek" ih $call-method drop
   tuck " read" ih $call-method <> if " short read" fail then ;
: sb@       ( off -- n )        sb + l@ ;
: bsize     ( -- n )            30 sb@ ;
: nindir    ( -- n )            bsize 2 rshift ;
: frag      ( frag# -- off )    34 sb@ * ;
: open-path ( -- )
   path plen " open-dev" evaluate to ih
   ih 0= if " cannot open the slice" fail then
   0 to f1  0 to f2
   sb 2000 2000 rd
   55c sb@ 11954 <> if " no UFS in the slice" fail then
   bsize 1000 < bsize 2000 > or if " block size" fail then ;
: close-path ( -- )             ih " close-dev" evaluate 0 to ih ;

\ ---- inodes and blocks
: size      ( -- n )            di c + l@ ;
: mode      ( -- n )            di w@ f000 and ;
: iget      ( ino -- )
   b8 sb@ /mod dup bc sb@ *  swap 1c sb@ invert and 18 sb@ * +
   10 sb@ + frag  swap 80 * +  di 80 rot rd ;
: in-b1     ( n frag# -- frag#' )
   dup f1 <> if dup to f1 b1 bsize 2 pick frag rd then drop
   4 * b1 + l@ ;
: in-b2     ( n frag# -- frag#' )
   dup f2 <> if dup to f2 b2 bsize 2 pick frag rd then drop
   4 * b2 + l@ ;
: single    ( n frag# -- frag#' )   dup if in-b1 else nip then ;
: double    ( n frag# -- frag#' )
   dup 0= if nip exit then
   over nindir / swap in-b2
   swap nindir mod swap single ;
: bmap      ( lbn -- frag# )
   dup c < if 4 * di + 28 + l@ exit then
   c -  dup nindir < if di 58 + l@ single exit then
   nindir -  dup nindir dup * < if di 5c + l@ double exit then
   " file too large" fail ;
: blocks    ( -- n )            size bsize 1- + bsize / ;
: block-len ( lbn -- n )        bsize * size swap - bsize min-len ;
: block     ( lbn adr -- )
   over block-len rot bmap      ( adr len frag# )
   dup if frag rd else drop 0 fill then ;

\ ---- names
0 value want   0 value wlen   0 value found
: match     ( ent -- )
   dup 6 + w@ wlen = if
      dup 8 + want wlen comp 0= if l@ to found else drop then
   else drop then ;
: match-block ( lbn -- )
   dup db block  block-len db + db      ( end ent )
   begin 2dup u> while
      dup l@ if dup match then
      dup 4 + w@ 4 max +
   repeat 2drop ;
: find      ( name len ino -- ino'|0 )
   iget to wlen to want 0 to found
   mode 4000 = if blocks 0 ?do i match-block loop then
   found ;
: slashes   ( adr len -- adr' len' )
   begin dup if over c@ 2f = else false then while 1 /string repeat ;
: component ( adr len -- rest len' adr len'' )
   2dup
   begin dup if over c@ 2f <> else false then while 1 /string repeat
   2swap 2 pick - ;
0 value cur
: resolve   ( adr len -- ino|0 )
   2 to cur
   begin slashes dup while
      component cur find to cur
      cur 0= if 2drop 0 exit then
   repeat 2drop cur ;
: open-file ( adr len -- found? )
   resolve dup if iget mode 8000 = then ;

\ ---- a file's size and checksum
: sum       ( -- n )
   0 blocks 0 ?do
      i db block
      db i block-len bounds ?do 1f * i c@ + loop
   loop 1 20 lshift 1- and ;
: show      ( adr len -- )
   2dup open-file if
      ." MKBOOT-FILE " type space size dec. space sum hex8. cr
   else
      ." MKBOOT-NO-FILE " type cr
   then ;
: blanks    ( adr len -- adr' len' )
   begin dup if over c@ 21 < else false then while 1 /string repeat ;
: word      ( adr len -- rest len' adr len'' )
   2dup
   begin dup if over c@ 20 > else false then while 1 /string repeat
   2swap 2 pick - ;
0 value shown
: show-each ( adr len -- )
   begin blanks dup while
      word over c@ 2f = if show 1 to shown else 2drop then
   repeat 2drop ;
: show-file ( -- )
   " /mkboot-show" open-file if
      size 400 min-len dup alloc-mem swap      ( adr len )
      size if 0 db block then
      2dup db -rot move
      show-each
   then ;

\ ---- the boot
: chosen$   ( name len -- adr len )
   " /chosen" find-package drop get-package-property
   if 0 0 else decode-string 2swap 2drop then ;
: copy-path ( adr len -- )
   dup 8 + alloc-mem to path  dup to plen  path swap move ;
: letter    ( char -- )
   plen begin dup while 1- path over + c@ 3a = if
      1+ dup 1+ to plen path + c! exit then
   repeat drop
   3a path plen + c!  path plen + 1+ c!  plen 2 + to plen ;
: redirect  ( -- )
   " /.SUNW-boot-redirect" open-file if
      size 0= if " empty redirect" fail then
      0 db block  db c@
      dup 30 < over 37 > or if " redirect is no digit" fail then
      31 + letter
      ." MKBOOT-REDIRECT " path plen type cr
      close-path open-path
   then ;
: set-path  ( -- )
   path plen encode-string
   " /chosen" " find-device" evaluate " bootpath" property " device-end" evaluate ;
: start     ( -- )
   " /platform/sun4u/ufsboot" open-file if
      ." MKBOOT-UFSBOOT " size dec. cr
      set-path
      blocks 0 ?do i " load-base" evaluate i bsize * + block loop
      size " load-state >ls.file-size ! init-program go" evaluate
   else
      ." MKBOOT-NO-UFSBOOT" cr
   then ;
: main      ( -- )
   2000 alloc-mem to sb  80 alloc-mem to di  2000 alloc-mem to db
   2000 alloc-mem to b1  2000 alloc-mem to b2
   " bootargs" chosen$ to alen to args
   " bootpath" chosen$ copy-path
   ." MKBOOT-SLICE " path plen type cr
   open-path redirect
   args alen show-each
   shown 0= if show-file then
   start ;
main
bye
end0
